"""What every contestant of the plan bench plans and asserts, and the loop that it answers in.

The yardsticks' environment imports this too, so it needs the standard library only.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

ACCOUNT = "555555555555"
TINY_HCL = """
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "name" {
  type = string
}

resource "aws_s3_bucket" "files" {
  bucket = "${var.name}-files"
}

resource "aws_s3_bucket_versioning" "files" {
  bucket = aws_s3_bucket.files.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_cloudwatch_log_group" "access" {
  name              = "/${var.name}/access"
  retention_in_days = 90
}

resource "aws_iam_role" "reader" {
  name = "${var.name}-reader"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "*" } }]
  })
}
"""
OPENAPI = """
openapi: 3.0.3
info: {title: Payments, version: "1"}
paths:
  /merchants/{merchant_id}/payments:
    get: {operationId: listPayments, responses: {"200": {description: ok}}}
    post: {operationId: authorizePayment, responses: {"201": {description: ok}}}
"""


@dataclass(frozen=True)
class Check:
    """One planned attribute of one resource, and what it must be."""

    address: str
    path: tuple[str | int, ...]
    expected: str | bool | int

    def __str__(self) -> str:
        """Read as Terraform writes it, which is also the condition of a `terraform test`."""
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return f"{self.address}{''.join(steps)} == {json.dumps(self.expected)}"

    def holds(self, resources: Mapping[str, Any]) -> bool:
        """Compare with a plan's resources by address."""
        value = resources.get(self.address)
        for step in self.path:
            try:
                value = value[step]  # type: ignore[index] # what isn't there is caught
            except (KeyError, IndexError, TypeError):
                return False
        return bool(value == self.expected)


@dataclass(frozen=True)
class Case:
    """A plan of a module with variables of its own, and everything asserted of it."""

    module: str
    variables: Mapping[str, Any]
    checks: tuple[Check, ...]

    def varied(self, number: int) -> Case:
        """The same case with other variables, of which no check speaks."""
        name = f"{self.variables['name']}-{number}"
        return replace(self, variables={**self.variables, "name": name})

    def unmet(self, document: Mapping[str, Any]) -> list[str]:
        """List the assertions that a plan, as `terraform show -json` has it, doesn't meet."""
        items = document["planned_values"]["root_module"]["resources"]
        resources = {item["address"]: item["values"] for item in items}
        return [str(check) for check in self.checks if not check.holds(resources)]


def as_terraform_test(cases: Iterable[Case]) -> str:
    """Write the cases of one module for `terraform test`, with mocks instead of an AWS."""
    blocks = [
        f"""
mock_provider "aws" {{
  mock_data "aws_caller_identity" {{
    defaults = {{ account_id = "{ACCOUNT}" }}
  }}
  mock_data "aws_partition" {{
    defaults = {{ partition = "aws" }}
  }}
}}
"""
    ]
    for number, case in enumerate(cases):
        values = "".join(
            f"    {name} = {json.dumps(value)}\n" for name, value in case.variables.items()
        )
        asserts = "".join(
            f'  assert {{\n    condition = {check}\n    error_message = "not so"\n  }}\n'
            for check in case.checks
        )
        blocks.append(
            f'run "case_{number}" {{\n  command = plan\n  variables {{\n{values}  }}\n{asserts}}}\n'
        )
    return "\n".join(blocks)


def answer(plan: Callable[[Case], Mapping[str, Any]]) -> None:
    """Plan what is asked for on standard input, case by case, and answer with the seconds.

    Raises:
        SystemExit: an assertion doesn't hold.
    """
    for line in sys.stdin:
        request = json.loads(line)
        case = CASES[request["case"]].varied(request["variation"])
        started = time.perf_counter()
        unmet = case.unmet(plan(case))
        seconds = time.perf_counter() - started
        if unmet:
            raise SystemExit(f"{request['case']}: {'; '.join(unmet)}")
        print(json.dumps({"seconds": seconds}), flush=True)


def _data(table: Mapping[str, Any], checks: Iterable[Check], **variables: Any) -> Case:
    shared = (
        Check("aws_kms_key.data_class", ("enable_key_rotation",), True),
        Check(_TABLE, ("billing_mode",), "PAY_PER_REQUEST"),
        Check(_TABLE, ("server_side_encryption", 0, "enabled"), True),
    )
    given = {"name": "bench", "data_class": "payments", "tables": {"ledger": table}, **variables}
    return Case("data", given, (*shared, *checks))


def _api(checks: Iterable[Check], **variables: Any) -> Case:
    shared = (
        Check("aws_api_gateway_stage.stage", ("xray_tracing_enabled",), True),
        Check(_SETTINGS, ("settings", 0, "data_trace_enabled"), False),
        Check(_NEAR, ("comparison_operator",), "GreaterThanThreshold"),
    )
    given = {
        "name": "bench",
        "openapi": OPENAPI,
        "integrations": {"default": _alias("payments")},
        "capacity": {"transactions_per_second": 50, "burst": 60},
        "clients": {"m_bakery": {"rate_per_second": 30, "burst": 40}},
        "kms_key": {"arn": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"},
        "web_acl": {"arn": f"arn:aws:wafv2:eu-west-1:{ACCOUNT}:regional/webacl/payments/1"},
        **variables,
    }
    return Case("api-gateway", given, (*shared, *checks))


def _alias(function: str) -> dict[str, str]:
    arn = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:{function}:live"
    uri = f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    return {"function_name": function, "invoke_arn": uri, "name": "live"}


_TABLE = 'aws_dynamodb_table.table["ledger"]'
_SETTINGS = "aws_api_gateway_method_settings.all"
_NEAR = "aws_cloudwatch_metric_alarm.near_capacity"
_PLAN = 'aws_api_gateway_usage_plan.client["m_bakery"]'
_ACCESS = "aws_cloudwatch_log_group.access"
_PLAIN = {"hash_key": "pk", "attributes": {"pk": "S"}}
_SORTED = {"hash_key": "pk", "range_key": "sk", "attributes": {"pk": "S", "sk": "N"}}

CASES = {
    "tiny": Case(
        "tiny",
        {"name": "bench"},
        (
            Check("aws_cloudwatch_log_group.access", ("retention_in_days",), 90),
            Check(
                "aws_s3_bucket_versioning.files",
                ("versioning_configuration", 0, "status"),
                "Enabled",
            ),
        ),
    ),
    "data: plain table": _data(_PLAIN, [Check(_TABLE, ("hash_key",), "pk")]),
    "data: range key": _data(_SORTED, [Check(_TABLE, ("range_key",), "sk")]),
    "data: stream": _data(
        {**_PLAIN, "stream_view": "NEW_IMAGE"}, [Check(_TABLE, ("stream_view_type",), "NEW_IMAGE")]
    ),
    "data: time to live": _data(
        {**_PLAIN, "ttl_attribute": "expires_at"},
        [Check(_TABLE, ("ttl", 0, "attribute_name"), "expires_at")],
    ),
    "data: recovery": _data(
        _PLAIN,
        [Check(_TABLE, ("point_in_time_recovery", 0, "recovery_period_in_days"), 7)],
        recovery_period_days=7,
    ),
    "data: unprotected": _data(
        _PLAIN,
        [
            Check(_TABLE, ("deletion_protection_enabled",), False),
            Check("aws_kms_key.data_class", ("deletion_window_in_days",), 7),
        ],
        deletion_protection=False,
        key_deletion_window_days=7,
    ),
    "api: throttles": _api(
        [
            Check(_SETTINGS, ("settings", 0, "throttling_rate_limit"), 50),
            Check(_SETTINGS, ("settings", 0, "throttling_burst_limit"), 60),
        ]
    ),
    "api: metering": _api([Check(_PLAN, ("throttle_settings", 0, "rate_limit"), 30)]),
    "api: log retention": _api(
        [Check(_ACCESS, ("retention_in_days",), 90)], logs={"retention_days": 90}
    ),
    "api: capacity": _api(
        [Check(_NEAR, ("threshold",), 4800)],
        capacity={"transactions_per_second": 100, "burst": 100},
    ),
    "api: one operation elsewhere": _api(
        [
            Check(
                'aws_lambda_permission.single_operation["listPayments"]',
                ("function_name",),
                "list",
            )
        ],
        integrations={
            "default": _alias("payments"),
            "by_operation": {"listPayments": _alias("list")},
        },
    ),
    "api: stage": _api(
        [Check("aws_api_gateway_stage.stage", ("stage_name",), "next")], stage_name="next"
    ),
}
SUITE = tuple(name for name in CASES if name != "tiny")
