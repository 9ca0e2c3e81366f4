"""What functions are told, and whose code they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pci_dss.leaks import variables_leak
from pci_dss.policy import policy
from pci_dss.subject import UndecidedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pci_dss.subject import Subject

_VARIABLES = ("environment", 0, "variables")


@policy(
    "PCI_25",
    "Functions get secrets from a store, and card numbers from nowhere",
    requirements=("8.6.2", "3.5.1"),
    types=("aws_lambda_function",),
    fix="Keep the value in Secrets Manager or Parameter Store, and give the function its ARN.",
)
def no_secret_in_environment(subject: Subject) -> Iterator[str]:
    """Fail on variables that hold secrets or card numbers."""
    names = subject.keys(*_VARIABLES)
    known = [name for name in names if subject.known(*_VARIABLES, name)]
    yield from variables_leak({name: subject.get(*_VARIABLES, name, hidden=True) for name in known})
    if unknown := [name for name in names if name not in known]:
        raise UndecidedError(f"{subject.address}: {', '.join(unknown)} isn't known")


@policy(
    "PCI_26",
    "Only signed code is deployed",
    requirements=("6.5.1",),
    types=("aws_lambda_code_signing_config",),
    fix="Set untrusted_artifact_on_deployment to Enforce, and name the signing profiles that are "
    "trusted.",
)
def signing_enforced(subject: Subject) -> Iterator[str]:
    """Fail on what takes unsigned code, with a warning or without."""
    action = subject.get("policies", 0, "untrusted_artifact_on_deployment", default="Warn")
    if action != "Enforce":
        yield f"untrusted code is deployed: {action}"
    profiles = ("allowed_publishers", 0, "signing_profile_version_arns")
    if subject.known(*profiles) and not subject.get(*profiles):
        yield "no signing profile is named"
