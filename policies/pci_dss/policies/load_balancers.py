"""Which TLS load balancers speak."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pci_dss.policy import policy
from pci_dss.subject import UndecidedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pci_dss.subject import Subject

# AWS's families whose oldest version is 1.2 or 1.3. A name says that behind TLS13, FS or TLS:
# TLS13-1-0 adds 1.3 and keeps 1.0.
_ALLOWED = re.compile(
    r"ELBSecurityPolicy-(?:TLS13-1-[23]|FS-1-2|TLS-1-2)(?:-[A-Za-z0-9]+)*-20\d\d-\d\d"
)
_AWS_DEFAULT = "ELBSecurityPolicy-2016-08"
_SPEAK_TLS = ("HTTPS", "TLS")
_PASS_ON = ("TCP", "TCP_UDP", "UDP", "QUIC", "TCP_QUIC")


@policy(
    "PCI_6",
    "Load balancers speak TLS 1.2 or later",
    requirements=("4.2.1",),
    types=("aws_alb_listener", "aws_lb_listener"),
    fix="Set the protocol to HTTPS or TLS and ssl_policy to"
    " ELBSecurityPolicy-TLS13-1-2-Res-2021-06, or redirect from HTTP to HTTPS.",
    applies=lambda subject: subject.configures("protocol"),  # appliances get packets
)
def tls_policy_allowed(subject: Subject) -> Iterator[str]:
    """Fail on what lets older versions be spoken, or none."""
    protocol = str(subject.get("protocol")).upper()
    if protocol in _SPEAK_TLS:
        chosen = _policy_name(subject)
        if not _ALLOWED.fullmatch(chosen):
            yield f"{chosen} isn't among the policies without TLS 1.0 and 1.1"
    elif protocol == "HTTP":
        if not _redirects_to_https(subject):
            yield "plain HTTP is spoken"
    elif protocol in _PASS_ON:
        raise UndecidedError(
            f"{subject.address}: what {protocol} passes on may be encrypted or not"
        )


def _policy_name(listener: Subject) -> str:
    if not listener.known("ssl_policy") and not listener.configures("ssl_policy"):
        return _AWS_DEFAULT
    return str(listener.get("ssl_policy") or _AWS_DEFAULT)


def _redirects_to_https(listener: Subject) -> bool:
    actions = list(listener.each("default_action"))
    return bool(actions) and all(
        listener.get(*action, "type") == "redirect"
        and listener.get(*action, "redirect", 0, "protocol", default="#{protocol}") == "HTTPS"
        for action in actions
    )
