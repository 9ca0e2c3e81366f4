output "api_gateway_logs_role_arn" {
  description = "ARN of the role by which API Gateway writes logs in this account; null where none runs."
  value       = one(aws_iam_role.api_gateway_logs[*].arn)
}

locals {
  backend_assume_role = var.assume_role_name == null ? "" : join("\n", [
    "\n",
    "    assume_role = {",
    "      role_arn = \"${local.iam_arn}:role/${var.assume_role_name}\"",
    "    }",
  ])
}

output "backend" {
  description = "Backend block for this root's own state: write it to backend.tf, then run `terraform init -migrate-state`."
  value       = <<-EOT
    terraform {
      backend "s3" {
        bucket              = "${aws_s3_bucket.state.bucket}"
        key                 = "bootstrap/terraform.tfstate"
        region              = "${local.region}"
        allowed_account_ids = ["${local.account_id}"]
        encrypt             = true
        kms_key_id          = "${aws_kms_alias.state.name}"
        use_lockfile        = true${local.backend_assume_role}
      }
    }
  EOT
}

output "deploy_role_arn" {
  description = "ARN of the role that the account's environment is applied with."
  value       = aws_iam_role.deploy.arn
}

output "name_servers" {
  description = "Name servers of the environment's public zone: the parent domain must delegate to them before the environment is applied. Empty where no platform runs."
  value       = flatten(aws_route53_zone.public[*].name_servers)
}

output "permissions_boundary_arn" {
  description = "ARN of the policy that bounds every role of the platform."
  value       = aws_iam_policy.workload_boundary.arn
}

output "pipeline_role_arns" {
  description = "ARNs of the roles for the pipeline and for emergencies, by name: `breakglass`, `gate`, `plan`. Empty where no platform runs."
  value       = local.runs_workloads ? { breakglass = aws_iam_role.break_glass[0].arn, gate = aws_iam_role.gate[0].arn, plan = aws_iam_role.plan[0].arn } : {}
}

output "state_bucket" {
  description = "Name of the bucket with the account's Terraform state."
  value       = aws_s3_bucket.state.bucket
}
