data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

# Tells the region in provider 5 and 6 alike.
data "aws_service" "logs" {
  service_id = "logs"
}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_service.logs.region

  pipeline_arn = "arn:${local.partition}:codepipeline:${local.region}:${local.account_id}:${var.name}"
  topic_arn    = "arn:${local.partition}:sns:${local.region}:${local.account_id}:${var.name}"
  bucket_name  = "${var.name}-artifacts-${local.account_id}"

  # CodePipeline names its folder after the first twenty characters.
  pipeline_folder = substr(var.name, 0, 20)

  workloads = { dev = "dev", qa = "qa", integration = "integration", production = "prod" }
}
