variable "domain_name" {
  description = "Name under which clients call, for example `api.dev.payments.example`; it lies in the zone."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain_name)) && length(var.domain_name) <= 64
    error_message = "Give the domain's name in lower case, without a wildcard and with at most 64 characters, for example \"api.dev.payments.example\": a certificate's first name has no more."
  }

  validation {
    condition     = endswith(".${var.domain_name}", ".${var.zone.name}")
    error_message = "The domain ${var.domain_name} isn't in the zone ${var.zone.name}: give a name that ends with it, or another zone."
  }
}

variable "zone" {
  description = "Public hosted zone of the name: id and name. ACM looks there before it issues the certificate, so it must be delegated."
  type = object({
    id   = string
    name = string
  })
  nullable = false
}

variable "mappings" {
  description = "APIs by the path below which they are found, for example `v1/payments`: id of the REST API and name of its stage. Of several that fit, the longest counts."
  type = map(object({
    api_id = string
    stage  = string
  }))
  nullable = false

  validation {
    condition     = alltrue([for path in keys(var.mappings) : can(regex("^[A-Za-z0-9$_.+!*'()-]+(/[A-Za-z0-9$_.+!*'()-]+)*$", path)) && length(path) <= 300])
    error_message = "Give mappings paths without a slash at either end, of letters, digits and $-_.+!*'(), for example \"v1/payments\"."
  }

  validation {
    condition     = length(var.mappings) >= 1 && length(var.mappings) <= 200
    error_message = "A domain has 1 to 200 mappings; AWS takes no more."
  }
}

variable "mutual_tls" {
  description = "Asks clients for certificates of a truststore: `truststore_uri` (s3://bucket/key, PEM) and the object's version. A changed truststore counts when its version is given here."
  type = object({
    truststore_uri     = string
    truststore_version = string
  })
  default = null

  validation {
    condition     = var.mutual_tls == null ? true : can(regex("^s3://[a-z0-9.-]+/.+$", var.mutual_tls.truststore_uri))
    error_message = "A truststore lies in S3, for example \"s3://payments-truststores/partners.pem\"."
  }

  validation {
    condition     = var.mutual_tls == null ? true : length(var.mutual_tls.truststore_version) > 0 && var.mutual_tls.truststore_version != "null"
    error_message = "Give the version of the truststore's object, in a bucket that keeps versions: else nobody can say which certificates are let in."
  }
}

variable "imported_certificate" {
  description = "Certificate in ACM that ACM didn't issue, imported or of a private authority, to serve instead of one that this module requests."
  type = object({
    arn = string
  })
  default = null

  validation {
    condition     = var.imported_certificate == null ? true : can(regex("^arn:[a-z-]+:acm:[a-z0-9-]+:[0-9]{12}:certificate/.+$", var.imported_certificate.arn))
    error_message = "Give the imported certificate by its ARN in ACM, in the API's region."
  }
}

variable "alarm_topic_arns" {
  description = "SNS topics that the alarm on the certificate's end notifies."
  type        = set(string)
  default     = []
  nullable    = false
}
