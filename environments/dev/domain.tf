# Where clients find the APIs; the zone is delegated to by hand, once.
module "domain" {
  source = "../../modules/api-gateway/domain"

  domain_name = "api.${data.aws_route53_zone.public.name}"
  zone = {
    id   = data.aws_route53_zone.public.zone_id
    name = data.aws_route53_zone.public.name
  }
  mappings = {
    for path, api in module.platform.apis : path => { api_id = api.id, stage = api.stage }
  }
}
