# Tells the region in provider 5 and 6 alike.
data "aws_service" "logs" {
  service_id = "logs"
}

locals {
  by_stage = { for key, api in var.apis : key => { ApiName = api.name, Stage = api.stage } }
  by_alias = {
    for key, function in var.functions : key => {
      FunctionName = function.name
      Resource     = "${function.name}:${function.alias}"
    }
  }
  by_service = {
    for key, service in var.services : key => { ClusterName = service.cluster, ServiceName = service.name }
  }
  by_target_group = {
    for key, service in var.services : key => {
      LoadBalancer = split(":loadbalancer/", service.load_balancer_arn)[1]
      TargetGroup  = split(":", service.target_group_arn)[5]
    }
  }
  by_queue       = { for key, queue in var.queues : key => { QueueName = queue } }
  stream_readers = { for key, dimensions in local.by_alias : key => dimensions if var.functions[key].reads_stream }

  # One line for each thing: the same metric of all of them.
  comparisons = [
    { title = "Requests", of = local.by_stage, namespace = "AWS/ApiGateway", metrics = { Count = "Sum" } },
    { title = "Client errors, refusals and throttles", of = local.by_stage, namespace = "AWS/ApiGateway", metrics = { "4XXError" = "Sum" } },
    { title = "Server errors", of = local.by_stage, namespace = "AWS/ApiGateway", metrics = { "5XXError" = "Sum" } },
    { title = "Latency (ms): 1 % are slower", of = local.by_stage, namespace = "AWS/ApiGateway", metrics = { Latency = "p99" } },
    { title = "Latency behind the gateway (ms): 1 % are slower", of = local.by_stage, namespace = "AWS/ApiGateway", metrics = { IntegrationLatency = "p99" } },
    { title = "Function calls", of = local.by_alias, namespace = "AWS/Lambda", metrics = { Invocations = "Sum" } },
    { title = "Function errors and throttles", of = local.by_alias, namespace = "AWS/Lambda", metrics = { Errors = "Sum", Throttles = "Sum" } },
    { title = "Function durations (ms): 1 % take longer", of = local.by_alias, namespace = "AWS/Lambda", metrics = { Duration = "p99" } },
    { title = "Functions at once", of = local.by_alias, namespace = "AWS/Lambda", metrics = { ConcurrentExecutions = "Maximum" } },
    { title = "Age of what stream readers get (ms)", of = local.stream_readers, namespace = "AWS/Lambda", metrics = { IteratorAge = "Maximum" } },
    { title = "Tasks wanted and running", of = local.by_service, namespace = "ECS/ContainerInsights", metrics = { DesiredTaskCount = "Maximum", RunningTaskCount = "Minimum" } },
    { title = "Unhealthy tasks", of = local.by_target_group, namespace = "AWS/NetworkELB", metrics = { UnHealthyHostCount = "Maximum" } },
    { title = "Processor use of tasks (%)", of = local.by_service, namespace = "AWS/ECS", metrics = { CPUUtilization = "Average" } },
    { title = "Memory use of tasks (%)", of = local.by_service, namespace = "AWS/ECS", metrics = { MemoryUtilization = "Average" } },
    { title = "Messages in queues", of = local.by_queue, namespace = "AWS/SQS", metrics = { ApproximateNumberOfMessagesVisible = "Maximum" } },
  ]

  graphs = concat(
    [
      for comparison in local.comparisons : {
        title = comparison.title
        metrics = flatten([
          for key, dimensions in comparison.of : [
            for name, statistic in comparison.metrics : {
              dimensions = dimensions
              label      = length(comparison.metrics) == 1 ? key : "${key} ${name}"
              name       = name
              namespace  = comparison.namespace
              statistic  = statistic
            }
          ]
        ])
      } if length(comparison.of) > 0
    ],
    var.figures,
  )

  graph_widgets = [
    for graph in local.graphs : {
      type   = "metric"
      width  = 8
      height = 6
      properties = {
        title  = graph.title
        region = data.aws_service.logs.region
        view   = "timeSeries"
        period = 60
        metrics = [
          for metric in graph.metrics : concat(
            [metric.namespace, metric.name],
            flatten([for name, value in metric.dimensions : [name, value]]),
            [{ label = metric.label, stat = metric.statistic }],
          )
        ]
      }
    }
  ]

  # How many times faster than promised the budget was spent in the last hour, with the rate that pages.
  burn_widgets = [
    for kind in ["availability", "latency"] : {
      type   = "metric"
      width  = 12
      height = 6
      properties = {
        title       = "Burn rate of the ${kind} objectives over an hour: 1 spends exactly the budget"
        region      = data.aws_service.logs.region
        view        = "timeSeries"
        period      = 3600
        annotations = { horizontal = [{ label = "pages", value = local.burn_rates.fast.rate }] }
        metrics = concat(
          [
            for key, api in var.apis : [{
              expression = "(${local.objectives["${key}/${kind}"].sign} * (${kind}_${replace(key, "-", "_")} - ${local.objectives["${key}/${kind}"].good})) / ${local.objectives["${key}/${kind}"].budget}"
              id         = "burn_${kind}_${replace(key, "-", "_")}"
              label      = "${key}: ${local.objectives["${key}/${kind}"].promise}"
            }]
          ],
          [
            for key, api in var.apis : [
              "AWS/ApiGateway", local.objectives["${key}/${kind}"].metric_name, "ApiName", api.name, "Stage", api.stage,
              {
                id      = "${kind}_${replace(key, "-", "_")}"
                stat    = coalesce(local.objectives["${key}/${kind}"].statistic, local.objectives["${key}/${kind}"].extended_statistic)
                visible = false
              },
            ]
          ],
        )
      }
    }
  ]

  alarm_widget = {
    type   = "alarm"
    width  = 24
    height = 4
    properties = {
      title  = "Alarms on the objectives"
      alarms = [for key in sort(keys(local.burns)) : aws_cloudwatch_composite_alarm.burn[key].arn]
    }
  }
}

resource "aws_cloudwatch_dashboard" "operations" {
  dashboard_name = var.name
  # Without positions: CloudWatch puts them one beside the other, 24 columns wide.
  dashboard_body = jsonencode({ widgets = concat([local.alarm_widget], local.burn_widgets, local.graph_widgets) })
}
