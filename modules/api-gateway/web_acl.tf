resource "aws_wafv2_web_acl_association" "stage" {
  resource_arn = aws_api_gateway_stage.stage.arn
  web_acl_arn  = var.web_acl.arn

  # A web ACL made a moment ago is "unavailable" for minutes at times; the provider tries again until then.
  timeouts {
    create = "15m"
  }
}
