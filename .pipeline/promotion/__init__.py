"""Promotes one release through the environments: what the pipeline's buildspecs call.

The same commands run in CodeBuild and on a laptop. They talk to AWS by boto3 alone, where the
environment says (``AWS_ENDPOINT_URL``), and to Terraform by its command line.
"""
