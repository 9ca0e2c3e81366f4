# What operators watch. The names of metrics are the code's, all others come from what is deployed.

locals {
  # As the code names itself in its metrics.
  measured_as = {
    dashboard_projector = { namespace = "Payments/DashboardProjector", service = "dashboard_projector" }
    event_publisher     = { namespace = "Payments/EventPublisher", service = "EventPublisher" }
    fraud_detection     = { namespace = "Payments/FraudDetection", service = "fraud_detection" }
    merchant_dashboard  = { namespace = "Payments/MerchantDashboard", service = "merchant_dashboard" }
    tokenizer           = { namespace = "Payments/Tokenizer", service = "Tokenizer" }
    transaction_gateway = { namespace = "Payments/TransactionGateway", service = "TransactionGateway" }
    webhook_sender      = { namespace = "Payments/WebhookSender", service = "WebhookSender" }
  }
  own_metrics = {
    for part, names in local.measured_as : part => {
      dimensions = { Environment = var.environment, Service = names.service }
      namespace  = names.namespace
    }
  }

  own_graphs = [
    { title = "Fraud decisions on authorizations", of = "transaction_gateway", metrics = { FraudApproved = "Sum", FraudInReview = "Sum", FraudRefused = "Sum" } },
    { title = "Authorizations without a fraud score", of = "transaction_gateway", metrics = { FraudHeld = "Sum", FraudPassedUnchecked = "Sum", FraudUnavailable = "Sum" } },
    { title = "Wait for the fraud score (ms)", of = "transaction_gateway", metrics = { FraudCheckMs = "p99" } },
    { title = "Fraud scores", of = "fraud_detection", metrics = { DegradedScores = "Sum", Refusals = "Sum", Reviews = "Sum", Scores = "Sum" } },
    { title = "Fraud service's failures", of = "fraud_detection", metrics = { Faults = "Sum", LostCounts = "Sum", RejectedRequests = "Sum" } },
    { title = "Time of a fraud score (ms)", of = "fraud_detection", metrics = { ScoreLatency = "p99" } },
    { title = "Cards", of = "tokenizer", metrics = { TokenRegistrationsFailed = "Sum", TokensCreated = "Sum", TokensRefused = "Sum", TokensRepeated = "Sum" } },
    { title = "Events published", of = "event_publisher", metrics = { Failed = "Sum", Ignored = "Sum", Published = "Sum", Withheld = "Sum" } },
    { title = "Age of published events (ms)", of = "event_publisher", metrics = { LagMs = "Maximum" } },
    { title = "Webhooks", of = "webhook_sender", metrics = { Delivered = "Sum", Errors = "Sum", Failed = "Sum", Gone = "Sum", Skipped = "Sum" } },
    { title = "Webhooks: answer, and age at delivery (ms)", of = "webhook_sender", metrics = { AgeMs = "Maximum", LatencyMs = "p99" } },
    { title = "Read model", of = "dashboard_projector", metrics = { Failed = "Sum", Projected = "Sum", Stale = "Sum" } },
    { title = "Age of what the read model gets (ms)", of = "dashboard_projector", metrics = { LagMs = "Maximum" } },
    { title = "Dashboard's pages", of = "merchant_dashboard", metrics = { Faults = "Sum", Refusals = "Sum", Requests = "Sum" } },
    { title = "Time of a page (ms)", of = "merchant_dashboard", metrics = { AwsMs = "p99", PageMs = "p99" } },
  ]
}

module "observability" {
  source = "../observability"

  name = local.name
  apis = {
    for key, api in local.apis : key => merge(var.objectives[api.service], { name = api.api.name, stage = api.stage.name })
  }
  functions = {
    for key, function in local.functions : key => {
      alias        = function.alias.name
      name         = function.function.name
      reads_stream = contains(keys(local.stream_readers), key)
    }
  }
  services = {
    for key, service in local.services : key => {
      cluster           = service.module.cluster.name
      load_balancer_arn = service.module.load_balancer.arn
      name              = service.module.service.name
      target_group_arn  = service.module.target_group.arn
    }
  }
  queues = merge(
    { for key, function in local.functions : "${key} dead letters" => function.dead_letter_queue.name },
    {
      webhooks                = aws_sqs_queue.webhooks.name
      "webhooks dead letters" = aws_sqs_queue.webhook_dead_letters.name
    },
  )
  figures = concat(
    [
      for graph in local.own_graphs : {
        title = graph.title
        metrics = [
          for name, statistic in graph.metrics : merge(local.own_metrics[graph.of], {
            label     = name
            name      = name
            statistic = statistic
          })
        ]
      }
    ],
    [{
      title = "Events for webhooks"
      metrics = [{
        dimensions = { EventBusName = aws_cloudwatch_event_bus.payments.name, RuleName = aws_cloudwatch_event_rule.webhooks.name }
        label      = "matched"
        name       = "MatchedEvents"
        namespace  = "AWS/Events"
      }]
    }],
  )
  log_groups = concat(
    [for api in values(local.apis) : api.access_log_group.name],
    [for function in values(local.functions) : function.log_group.name],
    [for service in values(local.services) : service.module.log_group.name],
  )

  alarm_topic_arns  = var.alarm_topic_arns
  ticket_topic_arns = var.objectives.ticket_topic_arns
}
