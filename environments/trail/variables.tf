variable "archive_key_arn" {
  description = "ARN of the archive's key: the output `kms_key_arn` of environments/log-archive, or the key of an archive that exists."
  type        = string
  nullable    = false
}

variable "archive" {
  description = "An archive that exists: the bucket to write to, and all of its buckets, whose data events are left out. Null is what environments/log-archive made."
  type = object({
    bucket_name  = string
    bucket_names = set(string)
  })
  default = null
}

variable "existing_log_group_name" {
  description = "Log group of a trail that the organization has already: then no trail is made, only the alarms on it."
  type        = string
  default     = null
}

variable "release_directory" {
  description = "Folder of the release to deploy: `release.json` and the zips that it lists, built with `make package`."
  type        = string
  default     = "../../dist"
  nullable    = false
}
