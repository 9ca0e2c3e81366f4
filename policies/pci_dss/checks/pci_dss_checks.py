"""Registers every policy with checkov, whose environment must find :mod:`pci_dss`."""

from __future__ import annotations

from typing import Any

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from pci_dss.checkov_resources import resources_of
from pci_dss.policy import Policy, Result, Verdict, policies

BENCHMARK = "PCI DSS 4.0.1"
_RESULTS = {Result.PASS: CheckResult.PASSED, Result.FAIL: CheckResult.FAILED}


class PolicyCheck(BaseResourceCheck):  # type: ignore[misc] # checkov has no types here
    """One of our policies, as checkov runs it."""

    def __init__(self, policy: Policy) -> None:
        super().__init__(
            name=f"{policy.title}. {policy.fix}",
            id=policy.id,
            categories=[CheckCategories.GENERAL_SECURITY],
            supported_resources=policy.types,
            guideline=policy.guideline,
        )
        self.benchmarks = {BENCHMARK: list(policy.requirements)}
        self.policy = policy
        self.verdict: Verdict | None = None
        """Of the resource judged last; None if it is no concern of the policy."""

    def scan_resource_conf(self, conf: dict[str, Any]) -> CheckResult:
        """Judge a resource. What isn't decided is UNKNOWN, of which checkov keeps no record."""
        item, resources = resources_of(conf, self.graph)
        self.verdict = self.policy.verdict(item, resources)
        if self.verdict is None:
            return CheckResult.UNKNOWN
        self.details = [*self.verdict.reasons]
        self.evaluated_keys = [
            key.split(": ", 1)[1].replace(".", "/")
            for key in self.verdict.evaluated
            if key.startswith(f"{item.address}: ")
        ]
        return _RESULTS.get(self.verdict.result, CheckResult.UNKNOWN)


for each in policies():
    PolicyCheck(each)
