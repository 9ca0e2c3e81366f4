output "standing" {
  description = "Versions that stand, by name: their state, and the `version_lifecycle` of api-gateway (null: none). Retired ones are left out."
  value = {
    for name, version in var.versions : name => {
      state = version.state
      version_lifecycle = version.deprecated_on == null ? null : {
        deprecated_on = version.deprecated_on
        gone          = version.state == "sunset"
        successor     = "/${version.successor}/${var.service}"
        sunset_on     = version.sunset_on
      }
    } if version.state != "retired"
  }
}
