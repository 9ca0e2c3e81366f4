variable "name" {
  description = "Prefix of every name in this network, for example `payments-dev`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,38}[a-z0-9]$", var.name))
    error_message = "Use 3 to 40 lower-case letters, digits and hyphens that start with a letter, for example \"payments-dev\"."
  }
}

variable "cidr_block" {
  description = "Private addresses of the VPC, a /16 to /22. Each tier gets a quarter of them, each zone a quarter of its tier; the last quarter of a tier stays free."
  type        = string
  nullable    = false

  validation {
    condition     = can(cidrnetmask(var.cidr_block)) && try(cidrhost(var.cidr_block, 0) == split("/", var.cidr_block)[0], false)
    error_message = "Write an IPv4 network by its first address, for example \"10.20.0.0/16\"."
  }

  validation {
    condition     = try(tonumber(split("/", var.cidr_block)[1]) >= 16 && tonumber(split("/", var.cidr_block)[1]) <= 22, false)
    error_message = "Choose a network of /16 to /22: AWS allows none larger, and a smaller one leaves subnets of fewer than 59 addresses."
  }

  validation {
    condition     = can(regex("^(10\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|192\\.168\\.)", var.cidr_block))
    error_message = "Use private addresses, from 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16: others belong to somebody on the internet."
  }
}

variable "availability_zones" {
  description = "Names of the three zones, in the order in which they take their addresses. Null takes the first three of the region; name them where a zone more must not move subnets."
  type        = list(string)
  default     = null

  validation {
    condition     = var.availability_zones == null ? true : length(toset(var.availability_zones)) == 3 && length(var.availability_zones) == 3
    error_message = "Name three different availability zones, for example [\"eu-west-1a\", \"eu-west-1b\", \"eu-west-1c\"]."
  }
}

variable "services" {
  description = "Services on ECS by name: the port that its load balancer listens on, the port of its tasks, and whether the functions of this network call it. Each gets a group of its own for the load balancer and for the tasks."
  type = map(object({
    called_by_functions = optional(bool, false)
    listener_port       = optional(number, 443)
    task_port           = optional(number, 8080)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.services) : can(regex("^[a-z][a-z0-9-]{0,29}$", name))])
    error_message = "A service is named with up to 30 lower-case letters, digits and hyphens, for example \"fraud\"."
  }

  validation {
    condition     = alltrue([for service in var.services : service.listener_port >= 1 && service.listener_port <= 65535])
    error_message = "A listener has one port, 1 to 65535."
  }

  validation {
    condition     = alltrue([for service in var.services : service.task_port >= 1024 && service.task_port <= 65535])
    error_message = "Tasks listen on a port of 1024 to 65535: they don't run as root."
  }
}

variable "data_ports" {
  description = "Ports of stores that others place in the data subnets, by name, for example `{ cache = 6379 }`: the network ACLs let the service subnets reach them. Their security groups are the stores' own."
  type        = map(number)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for port in values(var.data_ports) : port >= 1 && port <= 65535])
    error_message = "A store has one port, 1 to 65535."
  }

  validation {
    condition     = length(var.data_ports) <= 5
    error_message = "Name at most 5 stores: a network ACL holds 20 rules."
  }
}

variable "organization_id" {
  description = "AWS Organization whose principals and resources the endpoints accept, for example `o-abcde12345`. Null accepts those of this account alone."
  type        = string
  default     = null

  validation {
    condition     = var.organization_id == null ? true : can(regex("^o-[a-z0-9]{10,32}$", var.organization_id))
    error_message = "An organization's id is \"o-\" and 10 to 32 lower-case letters and digits; leave it out to accept this account alone."
  }
}

variable "interface_endpoints" {
  description = "Interface endpoints by service, each with the actions that may be called through it. Every one costs money by the hour in each of three zones."
  type        = map(set(string))
  default = {
    "ecr.api"        = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer"]
    "ecr.dkr"        = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer"]
    "events"         = ["events:PutEvents"]
    "kms"            = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateMac", "kms:VerifyMac"]
    "lambda"         = ["lambda:InvokeFunction"]
    "logs"           = ["logs:CreateLogStream", "logs:PutLogEvents"]
    "monitoring"     = ["cloudwatch:PutMetricData"]
    "secretsmanager" = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
    "sqs"            = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:SendMessage"]
    "sts"            = ["sts:AssumeRole", "sts:GetCallerIdentity"]
  }
  nullable = false

  validation {
    condition     = alltrue([for service in keys(var.interface_endpoints) : can(regex("^[a-z0-9][a-z0-9.-]*$", service)) && !contains(["s3", "dynamodb"], service)])
    error_message = "Name services as in their endpoints' names, for example \"ecr.api\". S3 and DynamoDB have gateway endpoints already."
  }

  validation {
    condition = alltrue(flatten([
      for actions in values(var.interface_endpoints) : [
        length(actions) > 0,
        [for action in actions : can(regex("^[a-z0-9-]+:[A-Za-z]+$", action))],
      ]
    ]))
    error_message = "Name every action that may pass an endpoint in full, for example \"kms:Decrypt\": wildcards hide what it is for."
  }
}

variable "gateway_endpoints" {
  description = "Actions that may be called through the gateway endpoints of DynamoDB and S3, which cost nothing. Image layers of ECR can always be read."
  type = object({
    dynamodb = optional(set(string), [
      "dynamodb:BatchGetItem",
      "dynamodb:BatchWriteItem",
      "dynamodb:ConditionCheckItem",
      "dynamodb:DeleteItem",
      "dynamodb:DescribeTable",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
      "dynamodb:UpdateItem",
    ])
    s3 = optional(set(string), ["s3:GetObject", "s3:ListBucket", "s3:PutObject"])
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue(flatten([
      [for action in var.gateway_endpoints.dynamodb : can(regex("^dynamodb:[A-Za-z]+$", action))],
      [for action in var.gateway_endpoints.s3 : can(regex("^s3:[A-Za-z]+$", action))],
      length(var.gateway_endpoints.dynamodb) > 0,
      length(var.gateway_endpoints.s3) > 0,
    ]))
    error_message = "Name every action that may pass an endpoint in full, \"dynamodb:Query\" or \"s3:GetObject\": wildcards hide what it is for."
  }
}

variable "egress" {
  description = "The way out to the acquirer: its networks by name, reached on port 443 from subnets of their own, by a NAT gateway in each zone. Null makes no way out."
  type = object({
    prefixes = map(string)
  })
  default = null

  validation {
    condition     = var.egress == null ? true : length(var.egress.prefixes) >= 1 && length(var.egress.prefixes) <= 8
    error_message = "Name 1 to 8 networks of the acquirer: every network ACL holds 20 rules."
  }

  validation {
    condition = var.egress == null ? true : alltrue([
      for prefix in values(var.egress.prefixes) :
      can(cidrnetmask(prefix)) && try(tonumber(split("/", prefix)[1]) >= 16 && cidrhost(prefix, 0) == split("/", prefix)[0], false)
    ])
    error_message = "Write the acquirer's networks by their first address and no larger than a /16, for example \"203.0.113.0/24\": the way out leads to the acquirer alone."
  }

  validation {
    condition     = var.egress == null ? true : alltrue([for name in keys(var.egress.prefixes) : can(regex("^[a-z][a-z0-9-]{0,39}$", name))])
    error_message = "A network of the acquirer is named with up to 40 lower-case letters, digits and hyphens, for example \"acquirer-frankfurt\"."
  }
}

variable "flow_logs" {
  description = "Days that flow logs are kept (90 days are PCI DSS's minimum at hand), and the seconds of traffic that one record sums up, 60 or 600."
  type = object({
    aggregation_seconds = optional(number, 60)
    retention_days      = optional(number, 365)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains([60, 600], var.flow_logs.aggregation_seconds)
    error_message = "A flow log's record sums up 60 or 600 seconds: AWS offers no others."
  }

  validation {
    condition     = contains([90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.flow_logs.retention_days)
    error_message = "Keep logs for one of 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days: CloudWatch offers no others, and PCI DSS 10.5.1 wants three months at hand."
  }
}

variable "kms_key" {
  description = "Key for the flow logs; its policy must let CloudWatch Logs use it. Null makes one of the network's own."
  type = object({
    arn = string
  })
  default = null
}

variable "permissions_boundary_arn" {
  description = "Policy that bounds the flow logs' role. Null sets no boundary."
  type        = string
  default     = null
}
