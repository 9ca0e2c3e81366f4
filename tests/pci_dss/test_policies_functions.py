"""What functions are told, and whose code they run."""

from __future__ import annotations

from typing import Any

import pytest

from harness.testing import pci
from pci_dss.policy import Result, Verdict

from .documents import planned, verdicts

FUNCTION = "aws_lambda_function.gateway"
SIGNING = "aws_lambda_code_signing_config.releases"
CARD, PASSWORD = "4111 1111 1111 1111", "hunter2"


def told(variables: Any, unknown: Any = None) -> Verdict:
    resources = planned(
        {FUNCTION: {"environment": [{"variables": variables}]}},
        unknown={FUNCTION: {"environment": [{"variables": unknown or {}}]}},
    )
    return verdicts("PCI_25", resources)[FUNCTION]


def signing(action: str | None, profiles: list[str] | None, **unknown: Any) -> Verdict:
    values = {
        "policies": [{"untrusted_artifact_on_deployment": action}],
        "allowed_publishers": [{"signing_profile_version_arns": profiles}],
    }
    return verdicts("PCI_26", planned({SIGNING: values}, unknown={SIGNING: unknown}))[SIGNING]


@pci("8.6.2", "3.5.1")
class TestEnvironment:
    @pytest.mark.parametrize(
        ("variables", "reason"),
        [
            ({"SAMPLE": CARD}, "SAMPLE holds a card number"),
            (
                {"DB_PASSWORD": PASSWORD},
                "DB_PASSWORD is called as a secret is, and its value stands there",
            ),
            ({"DSN": f"postgres://app:{PASSWORD}@db/pay"}, "DSN holds a URL with a password"),
            ({"ID": "AKIAIOSFODNN7EXAMPLE"}, "ID holds an access key of AWS"),
        ],
    )
    def test_holds_no_secret_and_no_card_number(
        self, variables: dict[str, str], reason: str
    ) -> None:
        found = told({"LOG_LEVEL": "INFO", **variables})
        assert found.result == Result.FAIL
        assert found.reasons == (reason,)
        assert not any(value in str(found) for value in variables.values())

    def test_names_where_secrets_are(self) -> None:
        secret = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:db-AbCdEf"
        assert told({"DB_PASSWORD_ARN": secret, "DB_PASSWORD": secret}).result == Result.PASS
        assert told({"PAYMENTS_TABLE": "payments-dev"}).result == Result.PASS
        assert verdicts("PCI_25", planned({FUNCTION: {}}))[FUNCTION].result == Result.PASS

    def test_what_is_not_known_is_not_decided(self) -> None:
        assert told({}, {"TABLE": True}).result == Result.NOT_EVALUATED
        assert told(None, True).result == Result.NOT_EVALUATED
        assert told({"SAMPLE": CARD}, {"TABLE": True}).result == Result.FAIL


@pci("6.5.1")
class TestSigning:
    PROFILES = ("arn:aws:signer:eu-west-1:111111111111:/signing-profiles/release/1",)

    def test_is_enforced_with_named_profiles(self) -> None:
        assert signing("Enforce", list(self.PROFILES)).result == Result.PASS

    @pytest.mark.parametrize("action", ["Warn", None, "enforce"])
    def test_a_warning_is_not_enough(self, action: str | None) -> None:
        found = signing(action, list(self.PROFILES))
        assert found.reasons == (f"untrusted code is deployed: {action or 'Warn'}",)
        assert found.result == Result.FAIL

    def test_nothing_said_is_a_warning(self) -> None:
        values = {"allowed_publishers": [{"signing_profile_version_arns": list(self.PROFILES)}]}
        assert verdicts("PCI_26", planned({SIGNING: values}))[SIGNING].result == Result.FAIL

    def test_somebody_is_trusted(self) -> None:
        assert signing("Enforce", []).reasons == ("no signing profile is named",)

    def test_profiles_of_the_same_apply_are_named(self) -> None:
        profiles = [{"signing_profile_version_arns": True}]
        assert signing("Enforce", None, allowed_publishers=profiles).result == Result.PASS

    def test_what_is_not_known_is_not_decided(self) -> None:
        unknown = [{"untrusted_artifact_on_deployment": True}]
        found = signing(None, list(self.PROFILES), policies=unknown)
        assert found.result == Result.NOT_EVALUATED
