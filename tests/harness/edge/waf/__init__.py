"""AWS WAF in front of stages: the deployed web ACL, evaluated on each request."""
