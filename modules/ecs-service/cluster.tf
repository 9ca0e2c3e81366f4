locals {
  cluster_name = var.cluster == null ? var.name : var.cluster.name
  cluster_arn  = var.cluster == null ? aws_ecs_cluster.service[0].arn : var.cluster.arn
}

resource "aws_ecs_cluster" "service" {
  count = var.cluster == null ? 1 : 0

  name = var.name

  setting {
    name  = "containerInsights"
    value = "enabled"
  }

  depends_on = [aws_cloudwatch_log_group.insights]
}
