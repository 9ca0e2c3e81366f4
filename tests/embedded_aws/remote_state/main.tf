terraform {
  required_version = ">= 1.11"

  backend "s3" {
    bucket       = "state"
    key          = "service.tfstate"
    region       = "eu-west-1"
    use_lockfile = true
  }
}

variable "revision" {
  description = "Any number; another one changes the state."
  type        = number
  nullable    = false
}

resource "terraform_data" "revision" {
  input = var.revision
}
