# Access log, functions and services name the same request: by its id, and by the id of its trace.
resource "aws_cloudwatch_query_definition" "request" {
  count = length(var.log_groups) > 0 ? 1 : 0

  name            = "${var.name}/follow one request"
  log_group_names = sort(var.log_groups)
  query_string    = <<-EOT
    fields @timestamp, @log, @message
    | filter @message like "PASTE A REQUEST'S OR TRACE'S ID HERE"
    | sort @timestamp asc
    | limit 1000
  EOT
}
