output "controls" {
  description = "PCI DSS requirements that this module meets: requirement, address of the resource, and how it is tested."
  value = [
    {
      requirement = "3.5.1"
      control     = "Stored data is encrypted under a customer-managed key of its data class"
      resource    = "aws_dynamodb_table.table"
      test        = "tests/modules/test_data_module.py::test_tables_are_encrypted_under_the_key_of_their_class"
    },
    {
      requirement = "3.6.1"
      control     = "The key is usable only through DynamoDB, and is administered apart from its use"
      resource    = "aws_kms_key.data_class"
      test        = "tests/modules/test_data_module.py::test_key_is_used_only_through_dynamodb"
    },
    {
      requirement = "3.7.4"
      control     = "The key rotates every year and waits before deletion"
      resource    = "aws_kms_key.data_class"
      test        = "tests/modules/test_data_module.py::test_key_rotates"
    },
    {
      requirement = "12.10.1"
      control     = "Tables can be restored to any second of the recovery period and aren't deleted by accident"
      resource    = "aws_dynamodb_table.table"
      test        = "tests/modules/test_data_module.py::test_tables_can_be_restored_and_are_protected"
    },
  ]
}

output "kms_key_arn" {
  description = "ARN of the data class's customer-managed key."
  value       = aws_kms_key.data_class.arn
}

output "tables" {
  description = "Tables by the name given in `tables`: name, ARN, ARNs of the indexes by name, and stream ARN (null without a stream)."
  value = {
    for name, table in aws_dynamodb_table.table : name => {
      arn        = table.arn
      index_arns = { for index in keys(var.tables[name].indexes) : index => "${table.arn}/index/${index}" }
      name       = table.name
      stream_arn = var.tables[name].stream_view == null ? null : table.stream_arn
    }
  }
}
