output "apis" {
  description = "APIs by name: id, stage, invoke URL, and names of the log groups."
  value       = module.platform.apis
}

output "controls" {
  description = "PCI DSS requirements that the environment meets, by module."
  value       = module.platform.controls
}

output "functions" {
  description = "Functions by name: name, alias, log group, dead-letter queue, schedule and version."
  value       = module.platform.functions
}

output "merchants" {
  description = "Merchants by id: role to assume, API key and usage plan."
  value       = module.platform.merchants
}

output "table" {
  description = "The payments table: ARN and name."
  value       = module.platform.table
}
