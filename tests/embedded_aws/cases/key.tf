resource "aws_kms_key" "service" {
  description             = "Encrypts the service's data, revision ${var.revision}"
  deletion_window_in_days = 7
  enable_key_rotation     = true
  rotation_period_in_days = local.changed ? 180 : 90

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "LetIamPoliciesDecide"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${var.account_id}:root" }
      Action    = "kms:*"
      Resource  = "*"
    }]
  })
}

resource "aws_kms_alias" "service" {
  name          = "alias/service"
  target_key_id = aws_kms_key.service.key_id
}
