"""Production, applied beside dev: guarded, warm, and otherwise the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from harness.caller import Caller
from harness.deploy_permissions import permissions_lacked
from harness.platform import REPOSITORY
from promotion.differences import judge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.platform import Platform

# A second environment takes minutes; plans compare all four in tests/environments.
pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def production(platform: Platform) -> Iterator[Platform]:
    with platform.beside("production") as deployed:
        deployed.apply_bootstrap("production")
        deployed.apply_environment()
        yield deployed


def test_it_leaves_nothing_to_plan_and_differs_from_dev_as_listed(
    platform: Platform, production: Platform
) -> None:
    """Ids are known now, and everything that was unknown before the apply."""
    plan = production.environment.plan()
    assert plan.is_empty, str(plan)
    documents = [platform.environment.plan().document, plan.document]
    judgement = judge(documents, REPOSITORY / "environments")
    assert not judgement.refused, "\n".join(map(str, judgement.refused))
    assert len(judgement.allowed) > 100


def test_the_deploy_role_may_do_what_it_needs(production: Platform) -> None:
    lacked = permissions_lacked(production.aws, production.account_id, "payments-deploy")
    assert sorted(lacked) == []


def test_tables_stay_and_logs_stay_a_year(production: Platform) -> None:
    session = production.aws.session(production.account_id)
    dynamodb = session.client("dynamodb")
    for table in production.outputs["tables"].values():
        described = dynamodb.describe_table(TableName=table["name"])["Table"]
        assert described["DeletionProtectionEnabled"] is True
    pages = session.client("logs").get_paginator("describe_log_groups").paginate()
    groups = [group for page in pages for group in page["logGroups"]]
    assert len(groups) > 10
    assert {group["retentionInDays"] for group in groups} == {365}


def test_a_payment_reaches_the_acquirer_by_https(production: Platform) -> None:
    production.serve()
    access = production.merchant(production.merchant_ids[0])
    booked = len(production.acquirer.charges())
    with httpx.Client(timeout=30) as http:
        Caller(access, http).authorized()
    assert len(production.acquirer.charges()) == booked + 1
