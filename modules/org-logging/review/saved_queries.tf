locals {
  own_queries = { for name, query in var.queries : name => merge(query, { query = trimspace(query.query) }) }
  all_queries = {
    for name, query in merge(local.api_queries, local.trail_queries, local.own_queries) :
    name => merge({ compared_days = 0 }, query)
  }

  # Chosen by kinds alone: names of log groups may be known after an apply only.
  queries = {
    for name, query in local.all_queries : name => merge(query, {
      log_groups = distinct(flatten([for kind in sort(query.kinds) : lookup(var.log_groups, kind, [])]))
      threshold  = lookup(var.thresholds, name, query.threshold)
    })
    if !contains(var.skipped_queries, name) && length(setintersection(query.kinds, keys(var.log_groups))) > 0
  }

  folder = "${var.name}/review"
  texts = {
    for name, query in local.queries : name => join("\n", concat(
      [trimspace(query.query)],
      query.compared_days > 0 ? ["| limit 10000"] : [
        "| filter events > ${query.threshold}",
        "| sort events desc",
        "| limit 1000",
      ],
    ))
  }
}

# The very queries that the function runs, for people to look further with.
resource "aws_cloudwatch_query_definition" "review" {
  for_each = local.queries

  name            = "${local.folder}/${each.key}"
  log_group_names = sort(each.value.log_groups)
  query_string    = local.texts[each.key]
}
