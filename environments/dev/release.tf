# Which release the account runs, to be read back: promotion asks that all accounts run the same one.
# What is noted is no secret; it is under the key of the state, which holds it too.
resource "aws_ssm_parameter" "release" {
  name        = "/payments/release"
  description = "The release that this account runs: SHA-256 of its manifest, version and commit"
  type        = "SecureString"
  key_id      = "alias/payments-terraform-state"

  value = jsonencode({
    commit  = local.release.commit
    digest  = filesha256("${var.release_directory}/release.json")
    version = local.release.version
  })
}

locals {
  release = jsondecode(file("${var.release_directory}/release.json"))
}
