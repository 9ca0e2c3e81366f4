locals {
  controls = [
    {
      requirement = "4.2.1"
      control     = "Clients reach the APIs by TLS 1.2 or better, under a certificate that is renewed, and hear before it ends"
      resource    = "aws_api_gateway_domain_name.domain"
      test        = "tests/modules/test_api_gateway_domain_module.py::test_the_domain_speaks_tls_1_2_or_better"
    },
    {
      requirement = "8.3.1"
      control     = "With mutual TLS a client needs a certificate of a truststore whose version is recorded"
      resource    = "aws_api_gateway_domain_name.domain"
      test        = "tests/modules/test_api_gateway_domain_module.py::test_clients_may_need_a_certificate"
    },
  ]
}
