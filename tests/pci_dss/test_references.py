"""What attributes of a plan name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .documents import planned

if TYPE_CHECKING:
    from terraform_plan.references import Resources


def named(resources: Resources, address: str, attribute: str, kind: str) -> tuple[str, ...]:
    return resources.named(resources.all[address], (attribute,), kind)


def test_names_that_become_ids_name_before_the_apply() -> None:
    resources = planned(
        {
            "aws_s3_bucket.logs": {"bucket": "logs"},
            "aws_s3_bucket_policy.logs": {"bucket": "logs"},
        },
        unknown={"aws_s3_bucket.logs": {"id": True}},
    )
    found = named(resources, "aws_s3_bucket_policy.logs", "bucket", "aws_s3_bucket")
    assert found == ("aws_s3_bucket.logs",)


def test_of_things_with_one_name_that_of_the_wanted_type_is_meant() -> None:
    resources = planned(
        {
            "aws_lambda_function.pay": {"id": "pay"},
            "aws_iam_role.pay": {"id": "pay"},
            "aws_lambda_alias.live": {"function_name": "pay"},
            "aws_iam_role_policy.pay": {"role": "pay"},
        }
    )
    found = named(resources, "aws_lambda_alias.live", "function_name", "aws_lambda_function")
    assert found == ("aws_lambda_function.pay",)
    assert named(resources, "aws_iam_role_policy.pay", "role", "aws_iam_role") == (
        "aws_iam_role.pay",
    )
