module "organization" {
  source = "../../modules/organization"

  name                     = "payments"
  regions                  = [local.known.region]
  delegated_administrators = var.delegated_administrators

  accounts = {
    for name, account in var.accounts : name => {
      email = account.email
      id    = lookup(local.known.accounts, name, null)
      unit  = account.unit
    }
  }

  break_glass = {
    alarm_topic_arn = aws_sns_topic.security.arn
    user_arns       = [for user in var.break_glass_users : "arn:aws:iam::${local.account_id}:user/${user}"]
  }
}
