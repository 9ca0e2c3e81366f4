"""What the policies say of pipelines."""

from __future__ import annotations

from typing import Any

import pytest

from harness.testing import pci

from .judging import reasons, undecided, verdict_on_first

PIPELINE = "aws_codepipeline.release"


def action(category: str, name: str = "", order: int = 1) -> dict[str, Any]:
    return {"category": category, "name": name or category, "run_order": order}


def stage(name: str, *actions: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "action": list(actions)}


def pipeline(*stages: dict[str, Any]) -> dict[str, Any]:
    return {PIPELINE: {"stage": [SOURCE, *stages]}}


SOURCE = stage("Source", action("Source"))
DEV = stage("Dev", action("Deploy"))
APPROVAL = stage("Release", action("Approval"))
PRODUCTION = stage("Production", action("Deploy"))


@pci("6.5.1", "6.5.4")
@pytest.mark.parametrize(
    "plan",
    [
        pipeline(APPROVAL, PRODUCTION),
        pipeline(DEV, APPROVAL, PRODUCTION, stage("Elsewhere", action("Deploy"))),
        pipeline(stage("DeployProd", action("Approval"), action("Build", order=2))),
        pipeline(
            stage(
                "production",
                action("Build", "plan"),
                action("Approval", order=2),
                action("Build", "apply", order=3),
            )
        ),
    ],
)
def test_an_approved_release_passes(plan: dict[str, Any]) -> None:
    assert not reasons("PCI_36", plan)


@pci("6.5.1", "6.5.4")
@pytest.mark.parametrize(
    ("plan", "wrong"),
    [
        (pipeline(stage("Release", action("Deploy"))), "nobody approves Deploy in Release"),
        (pipeline(DEV, PRODUCTION), "nobody approves Deploy in Production"),
        (pipeline(APPROVAL, DEV, PRODUCTION), "nobody approves Deploy in Production"),
        (pipeline(PRODUCTION, APPROVAL), "nobody approves Deploy in Production"),
        (
            pipeline(stage("Production", action("Approval"), action("Deploy"))),
            "nobody approves Deploy in Production",
        ),
        (
            pipeline(stage("prod", action("Build", "apply"))),
            "nobody approves apply in prod",
        ),
        (
            pipeline(APPROVAL, stage("qa", action("Build")), stage("prod", action("Build"))),
            "nobody approves Build in prod",
        ),
    ],
)
def test_an_unapproved_release_fails(plan: dict[str, Any], wrong: str) -> None:
    assert reasons("PCI_36", plan) == wrong


@pytest.mark.parametrize(
    "plan", [pipeline(), pipeline(DEV), pipeline(stage("Build", action("Build")))]
)
def test_pipelines_that_never_reach_production_need_no_approval(plan: dict[str, Any]) -> None:
    assert verdict_on_first("PCI_36", plan) is None


def test_unknown_stages_are_not_evaluated() -> None:
    assert "stage isn't known" in undecided(
        "PCI_36", {PIPELINE: {}}, unknown={PIPELINE: {"stage": True}}
    )


def stores(*keys: str | None) -> dict[str, Any]:
    return {
        PIPELINE: {
            "artifact_store": [
                {
                    "location": "artifacts",
                    "encryption_key": [{"id": key, "type": "KMS"}] if key else [],
                }
                for key in keys
            ]
        }
    }


KEY = "arn:aws:kms:eu-west-1:123456789012:key/1"
OF_AWS = "arn:aws:kms:eu-west-1:123456789012:alias/aws/s3"


@pci("3.6.1")
def test_stores_with_keys_of_ours_pass() -> None:
    assert not reasons("PCI_37", stores(KEY))
    assert not reasons("PCI_37", stores(KEY, KEY))


@pci("3.6.1")
@pytest.mark.parametrize(
    ("plan", "wrong"),
    [
        (stores(None), "the artifact store number 1 has no key"),
        (stores(KEY, None), "the artifact store number 2 has no key"),
        (stores(KEY, OF_AWS), "the artifact store number 2 has AWS's own key"),
    ],
)
def test_a_store_without_a_key_of_ours_fails(plan: dict[str, Any], wrong: str) -> None:
    assert reasons("PCI_37", plan) == wrong


def test_a_key_that_is_made_with_the_pipeline_passes_before_the_apply() -> None:
    plan = {
        PIPELINE: {"artifact_store": [{"encryption_key": [{"type": "KMS"}]}]},
        "aws_kms_key.artifacts": {},
    }
    unknown = {PIPELINE: {"artifact_store": [{"encryption_key": [{"id": True}]}]}}
    path = "artifact_store.0.encryption_key.0.id"
    references = {PIPELINE: {path: ["aws_kms_key.artifacts.arn", "aws_kms_key.artifacts"]}}
    assert not reasons("PCI_37", plan, unknown=unknown, references=references)
    assert undecided("PCI_37", plan, unknown=unknown)
