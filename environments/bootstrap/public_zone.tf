# Where ACM looks before it makes the environment's certificates. It stays when the environment goes,
# since somebody has to delegate it by hand: see the output `name_servers`.
resource "aws_route53_zone" "public" {
  count = local.runs_workloads ? 1 : 0

  name    = "${var.environment}.${local.organization.domain}"
  comment = "Public names of the payment platform in ${var.environment}"
}
