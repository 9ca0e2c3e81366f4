terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

provider "aws" {}

data "aws_caller_identity" "current" {}

variable "prefix" {
  type    = string
  default = "desk"
}

resource "aws_sns_topic" "notices" {
  name = "${var.prefix}-notices"
  tags = { keeper = "night-shift" }
}

resource "aws_ssm_parameter" "password" {
  name  = "/${var.prefix}/password"
  type  = "SecureString"
  value = "correct horse"
}

resource "aws_ssm_parameter" "room" {
  count = 2

  name  = "/${var.prefix}/room/${count.index}"
  type  = "String"
  value = "quiet"
}

output "topic_arn" {
  value = aws_sns_topic.notices.arn
}

output "password" {
  value     = aws_ssm_parameter.password.value
  sensitive = true
}
