locals {
  repository = var.image.repository == null ? {
    arn = aws_ecr_repository.service[0].arn
    url = aws_ecr_repository.service[0].repository_url
  } : var.image.repository
}

resource "aws_ecr_repository" "service" {
  count = var.image.repository == null ? 1 : 0

  name                 = var.name
  image_tag_mutability = "IMMUTABLE"

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = local.kms_key_arn
  }

  image_scanning_configuration {
    scan_on_push = true
  }
}

resource "aws_ecr_lifecycle_policy" "service" {
  count = var.image.repository == null ? 1 : 0

  repository = aws_ecr_repository.service[0].name
  policy = jsonencode({
    rules = [
      {
        rulePriority = 1
        description  = "Uploads that no release tagged"
        selection = {
          tagStatus   = "untagged"
          countType   = "sinceImagePushed"
          countUnit   = "days"
          countNumber = 14
        }
        action = { type = "expire" }
      },
      {
        # By number, not by age: what runs may be old, but it is among the newest.
        rulePriority = 2
        description  = "All but the last hundred releases"
        selection = {
          tagStatus      = "tagged"
          tagPatternList = ["*"]
          countType      = "imageCountMoreThan"
          countNumber    = 100
        }
        action = { type = "expire" }
      },
    ]
  })
}
