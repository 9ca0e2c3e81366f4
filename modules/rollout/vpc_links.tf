# Routes leave in the phase `new`, the link in `decommissioned`, a release later: API Gateway keeps a link that an
# integration still uses, and Terraform would delete it before it has changed the API.
resource "aws_api_gateway_vpc_link" "legacy" {
  for_each = { for service, plan in var.services : service => plan.legacy if plan.legacy != null }

  name        = "${var.name}-legacy-${each.key}"
  description = "API Gateway's way to the legacy backend of ${each.key}"
  target_arns = [each.value.load_balancer_arn]
}
