variable "name" {
  description = "Name of the service and all that belongs to it, for example `payments-dev-fraud-detection`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,48}[a-z0-9]$", var.name))
    error_message = "Use 3 to 50 lower-case letters, digits and hyphens that start with a letter: role, repository and alarm names are derived from it."
  }
}

variable "image" {
  description = "The released image: its digest, and the ECR repository that holds it (ARN and URL). Without a repository the module makes one."
  type = object({
    digest = string
    repository = optional(object({
      arn = string
      url = string
    }))
  })
  nullable = false

  validation {
    condition     = can(regex("^sha256:[0-9a-f]{64}$", var.image.digest))
    error_message = "Name the image by its digest, \"sha256:\" and 64 hexadecimal digits: a tag can be moved to other code."
  }

  validation {
    condition = var.image.repository == null ? true : (
      can(regex("^arn:[^:]+:ecr:[^:]+:[^:]+:repository/.+$", var.image.repository.arn)) && !can(regex("[@:]", var.image.repository.url))
    )
    error_message = "Give the repository's ARN, and its URL without a tag or digest: the image is named by `digest` alone."
  }
}

variable "container" {
  description = "The one container: command, CPU units (1024 are one vCPU), MB of memory, architecture of the image, TCP port, numeric user, and the seconds from SIGTERM to SIGKILL."
  type = object({
    architecture         = optional(string, "ARM64")
    command              = list(string)
    cpu_units            = optional(number, 512)
    memory_mb            = optional(number, 1024)
    port                 = optional(number, 8080)
    stop_timeout_seconds = optional(number, 30)
    user                 = optional(string, "10001:10001")
  })
  nullable = false

  validation {
    condition     = contains(["ARM64", "X86_64"], var.container.architecture)
    error_message = "The image is built for \"ARM64\" or \"X86_64\"."
  }

  validation {
    condition     = length(var.container.command) > 0
    error_message = "Give the command, for example [\"python\", \"-m\", \"fraud_detection\"]: what runs should be seen here, not in the image."
  }

  validation {
    condition = contains(
      lookup(
        {
          "256"  = [512, 1024, 2048]
          "512"  = range(1024, 4097, 1024)
          "1024" = range(2048, 8193, 1024)
          "2048" = range(4096, 16385, 1024)
          "4096" = range(8192, 30721, 1024)
        },
        tostring(var.container.cpu_units),
        [],
      ),
      var.container.memory_mb,
    )
    error_message = "Fargate has no task of that size: use 256 CPU units with 512 to 2048 MB, 512 with 1024 to 4096, 1024 with 2048 to 8192, 2048 with 4096 to 16384 or 4096 with 8192 to 30720, in steps of 1024 MB."
  }

  validation {
    condition     = var.container.port >= 1024 && var.container.port <= 65535
    error_message = "Listen on a port of 1024 to 65535: the container doesn't run as root."
  }

  validation {
    condition     = var.container.stop_timeout_seconds >= 2 && var.container.stop_timeout_seconds <= 120
    error_message = "Fargate waits 2 to 120 seconds for a container to end."
  }

  validation {
    condition     = can(regex("^[1-9][0-9]*:[1-9][0-9]*$", var.container.user))
    error_message = "Name user and group by number and neither as 0, for example \"10001:10001\": root in a container is root to the kernel."
  }
}

variable "environment" {
  description = "Environment variables; `PORT` is set to the container's. They can be read by whoever may describe tasks: secrets go into `secrets`."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([
      for name, value in var.environment :
      startswith(value, "arn:") if can(regex("(?i)(SECRET|PASSWORD|PASSWD|CREDENTIALS?|(API|PRIVATE|ACCESS|SIGNING)_?KEY|TOKEN)$", name))
    ])
    error_message = "A variable named like a secret (*_SECRET, *_PASSWORD, *_API_KEY, *_TOKEN, ...) must hold the ARN of a secret, not its value. Store the value in Secrets Manager and use `secrets`."
  }

  validation {
    condition     = !contains(keys(var.environment), "PORT") && length(setintersection(keys(var.environment), keys(var.secrets))) == 0
    error_message = "Leave `PORT` to `container.port`, and name no variable both here and in `secrets`."
  }
}

variable "secrets" {
  description = "Variables that ECS fills from Secrets Manager: ARN of the secret (one of its JSON keys may follow), and of its key unless that is the service's."
  type = map(object({
    arn         = string
    kms_key_arn = optional(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for secret in var.secrets : can(regex("^arn:[^:]+:secretsmanager:[^:]+:[^:]+:secret:[^:]+(:[^:]*:[^:]*:[^:]*)?$", secret.arn))
    ])
    error_message = "A secret is given by its ARN in Secrets Manager, never by its value."
  }
}

variable "permissions" {
  description = "What the code may do: IAM statements by statement id. Only Allow, no wildcards."
  type = map(object({
    actions    = list(string)
    resources  = list(string)
    conditions = optional(map(map(list(string))), {})
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for id in keys(var.permissions) : can(regex("^[A-Za-z0-9]+$", id))])
    error_message = "A statement id has letters and digits only, for example \"CountCards\"."
  }

  validation {
    condition     = alltrue(flatten([for statement in var.permissions : [for action in statement.actions : can(regex("^[a-z0-9-]+:[A-Za-z]+$", action))]]))
    error_message = "Name every action in full, for example \"dynamodb:UpdateItem\": wildcards hide what the service may do."
  }

  validation {
    condition     = alltrue([for statement in var.permissions : !contains(statement.resources, "*")])
    error_message = "Name the resources of every statement: \"*\" gives the service the whole account."
  }
}

variable "permissions_boundary_arn" {
  description = "Policy that bounds both roles. Null sets no boundary."
  type        = string
  default     = null
}

variable "capacity" {
  description = "Transactions a second: what the service must carry, how much of it without scaling first, and what one task was tested for. The bounds of the number of tasks follow, with a spare task unless it is turned off (where nobody pays)."
  type = object({
    minimum_transactions_per_second  = optional(number, 1)
    spare                            = optional(bool, true)
    transactions_per_second          = number
    transactions_per_second_per_task = number
  })
  nullable = false

  validation {
    condition     = var.capacity.transactions_per_second_per_task > 0
    error_message = "Say how many transactions a second one task was tested for; it must be over 0."
  }

  validation {
    condition     = var.capacity.minimum_transactions_per_second > 0 && var.capacity.minimum_transactions_per_second <= var.capacity.transactions_per_second
    error_message = "`capacity.minimum_transactions_per_second` is over 0 and no more than `capacity.transactions_per_second`."
  }
}

variable "peaks" {
  description = "Seasons by name: when one begins and ends (`cron(...)` or `at(...)` in the timezone), and the transactions a second carried then, without scaling first (minimum) and at most."
  type = map(object({
    begins                          = string
    ends                            = string
    minimum_transactions_per_second = number
    timezone                        = string
    transactions_per_second         = number
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.peaks) : can(regex("^[a-z][a-z0-9-]{0,39}$", name))])
    error_message = "A peak is named with up to 40 lower-case letters, digits and hyphens, for example \"black-friday\"."
  }

  validation {
    condition = alltrue(flatten([
      for peak in var.peaks : [for time in [peak.begins, peak.ends] : can(regex("^(cron\\(([^ ()]+ ){5}[^ ()]+\\)|at\\([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\))$", time))]
    ]))
    error_message = "Write when a peak begins and ends as Application Auto Scaling does: \"cron(0 6 24 11 ? *)\" or \"at(2026-11-27T06:00:00)\"."
  }

  validation {
    condition     = alltrue([for peak in var.peaks : can(regex("^(UTC|[A-Z][A-Za-z]+(/[A-Za-z_-]+)+)$", peak.timezone))])
    error_message = "Name the timezone as the IANA database does, for example \"Europe/Berlin\", or \"UTC\"."
  }

  validation {
    condition = alltrue([
      for peak in var.peaks : peak.minimum_transactions_per_second > 0 && peak.minimum_transactions_per_second <= peak.transactions_per_second
    ])
    error_message = "A peak's `minimum_transactions_per_second` is over 0 and no more than its `transactions_per_second`."
  }
}

variable "scaling" {
  description = "What the number of tasks follows: percent of CPU, and requests if the metric is named that counts them (all tasks' together). Seconds to wait after tasks were added or taken away."
  type = object({
    cpu_percent = optional(number, 60)
    requests_metric = optional(object({
      dimensions = map(string)
      name       = string
      namespace  = string
    }))
    scale_in_cooldown_seconds  = optional(number, 300)
    scale_out_cooldown_seconds = optional(number, 30)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.scaling.cpu_percent >= 20 && var.scaling.cpu_percent <= 80
    error_message = "Follow 20 to 80 percent of CPU: above that tasks are slow before others have started."
  }

  validation {
    condition     = var.scaling.scale_in_cooldown_seconds >= 0 && var.scaling.scale_out_cooldown_seconds >= 0
    error_message = "A cooldown has 0 seconds or more."
  }
}

variable "network" {
  description = "Where tasks and load balancer are: VPC, private subnets in two zones or more, and their security groups. Their rules belong to whoever makes them: the load balancer's reaches the tasks' on the container's port."
  type = object({
    load_balancer_security_group_ids = optional(set(string), [])
    subnet_ids                       = set(string)
    task_security_group_ids          = set(string)
    vpc_id                           = string
  })
  nullable = false

  validation {
    condition     = length(var.network.subnet_ids) >= 2
    error_message = "Name at least two subnets, in different zones."
  }

  validation {
    condition     = length(var.network.task_security_group_ids) >= 1 && (length(var.network.load_balancer_security_group_ids) >= 1 || var.load_balancer.shared != null)
    error_message = "Name security groups of the tasks and, unless it is shared, of the load balancer: AWS lets none be added to one that was made without."
  }
}

variable "load_balancer" {
  description = "The internal network load balancer that is made: whether it refuses to be deleted, and the bucket of its access logs. Or another service's to share, its output `load_balancer`."
  type = object({
    access_logs = optional(object({
      bucket = string
      prefix = optional(string)
    }))
    deletion_protection = optional(bool, true)
    shared = optional(object({
      arn         = string
      dns_name    = string
      vpc_link_id = string
      zone_id     = string
    }))
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.load_balancer.shared == null || var.load_balancer.access_logs == null
    error_message = "A shared load balancer's access logs are set where it is made."
  }
}

variable "listener" {
  description = "The TLS listener: ARN of an ACM certificate for the host name that callers use, number of its TCP port (another one on a shared load balancer), and TLS policy."
  type = object({
    certificate_arn = string
    port            = optional(number, 443)
    ssl_policy      = optional(string, "ELBSecurityPolicy-TLS13-1-2-Res-2021-06")
  })
  nullable = false

  validation {
    condition     = can(regex("^arn:[^:]+:acm:", var.listener.certificate_arn))
    error_message = "Give the ARN of a certificate in ACM; for API Gateway it must be a public one."
  }

  validation {
    condition     = var.listener.port >= 1 && var.listener.port <= 65535
    error_message = "A listener has a TCP port of 1 to 65535."
  }

  validation {
    condition     = can(regex("^ELBSecurityPolicy-TLS13-1-2-(Res-|FIPS-|Res-FIPS-)?(PQ-)?20[0-9-]+$", var.listener.ssl_policy))
    error_message = "Use a policy of TLS 1.3 and 1.2 with forward secrecy, for example \"ELBSecurityPolicy-TLS13-1-2-Res-2021-06\". API Gateway speaks TLS 1.2, and Ext policies allow ciphers without forward secrecy."
  }
}

variable "health" {
  description = "HTTP health check of the tasks: path, seconds between checks, number of checks until a task is healthy or not, seconds that a new one may fail, and seconds that a task which leaves keeps its connections."
  type = object({
    deregistration_delay_seconds = optional(number, 20)
    grace_seconds                = optional(number, 30)
    healthy_count                = optional(number, 2)
    interval_seconds             = optional(number, 10)
    path                         = optional(string, "/health")
    unhealthy_count              = optional(number, 2)
  })
  default  = {}
  nullable = false

  validation {
    condition     = startswith(var.health.path, "/")
    error_message = "The health check's path starts with \"/\", for example \"/health\"."
  }

  validation {
    condition     = var.health.interval_seconds >= 5 && var.health.interval_seconds <= 300
    error_message = "A load balancer checks every 5 to 300 seconds."
  }

  validation {
    condition     = min(var.health.healthy_count, var.health.unhealthy_count) >= 2 && max(var.health.healthy_count, var.health.unhealthy_count) <= 10
    error_message = "A load balancer decides on 2 to 10 checks."
  }

  validation {
    condition     = var.health.grace_seconds >= 0 && var.health.grace_seconds <= 600
    error_message = "Let a new task fail its checks for 0 to 600 seconds: a release that can't start should be rolled back soon."
  }

  validation {
    condition     = var.health.deregistration_delay_seconds >= 1 && var.health.deregistration_delay_seconds <= var.container.stop_timeout_seconds
    error_message = "`health.deregistration_delay_seconds` is 1 to `container.stop_timeout_seconds`: a task that is stopped while its connections drain must live until they have."
  }
}

variable "deployment" {
  description = "Percent of the wanted tasks that run during a deployment, at least and at most, and names of alarms, besides the module's for unhealthy targets, that roll it back."
  type = object({
    maximum_percent         = optional(number, 200)
    minimum_healthy_percent = optional(number, 100)
    rollback_alarm_names    = optional(set(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.deployment.minimum_healthy_percent >= 50 && var.deployment.minimum_healthy_percent <= 100 && var.deployment.maximum_percent > 100 && var.deployment.maximum_percent <= 200
    error_message = "Keep 50 to 100 percent of the tasks during a deployment, and allow over 100 to 200 percent: the balance between zones needs room above."
  }

  validation {
    condition     = floor(local.tasks.minimum * var.deployment.maximum_percent / 100) > ceil(local.tasks.minimum * var.deployment.minimum_healthy_percent / 100)
    error_message = "With ${local.tasks.minimum} tasks these percentages leave no room to replace one; raise `deployment.maximum_percent` or lower `deployment.minimum_healthy_percent`."
  }
}

variable "logs" {
  description = "Days that the log groups keep events (90 days are PCI DSS's minimum at hand)."
  type = object({
    retention_days = optional(number, 365)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains([90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.logs.retention_days)
    error_message = "Keep logs for one of 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days: CloudWatch offers no others, and PCI DSS 10.5.1 wants three months at hand."
  }
}

variable "kms_key" {
  description = "Key for logs, images and secrets; its policy must let CloudWatch Logs use it. Null makes one of the service's own."
  type = object({
    arn = string
  })
  default = null
}

variable "cluster" {
  description = "ECS cluster to run in, with Container Insights: ARN and name. Null makes one of the service's own."
  type = object({
    arn  = string
    name = string
  })
  default = null
}

variable "alarm_topic_arns" {
  description = "SNS topics that the alarms notify."
  type        = set(string)
  default     = []
  nullable    = false
}
