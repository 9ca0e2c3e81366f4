"""What the access logs of APIs tell, and what they must never hold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pci_dss.policy import policy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pci_dss.subject import Subject

_VARIABLE = re.compile(r"\$context\.([A-Za-z0-9_]+(?:\.[A-Za-z0-9_:-]+)*)")
_OF_REQUEST = re.compile(r"\$(?:input|integration|method|request|response|util)\b[\w.()'$]*")

_WANTED: Mapping[str, re.Pattern[str]] = {
    "who called ($context.identity.userArn)": re.compile(
        r"identity\.(?:caller|user|userArn|cognitoIdentityId|clientCert\.subjectDN)"
        r"|authorizer\.(?:principalId|.*\b(?:sub|username)|iam\.\w+)"
    ),
    "what was done ($context.httpMethod)": re.compile(r"httpMethod|routeKey|eventType"),
    "to what ($context.resourcePath)": re.compile(r"resourcePath|resourceId|path|routeKey"),
    "when ($context.requestTime)": re.compile(r"requestTime|requestTimeEpoch"),
    "from where ($context.identity.sourceIp)": re.compile(r"identity\.sourceIp"),
    "with which outcome ($context.status)": re.compile(r"status"),
}
"""By what PCI DSS 10.2.2 asks for, the variables that tell it."""

_FORBIDDEN = re.compile(
    r"identity\.apiKey"
    r"|authorizer\..*(?:authorization|password|secret|token).*"
    r"|error\.validationErrorString"
    r"|(?:request|response)Override\..+",
    re.IGNORECASE,
)
"""The key itself, what an authorizer passes on, and what quotes headers or the body."""


@policy(
    "PCI_18",
    "Access logs tell who, what, when, where and the outcome, and no secret",
    requirements=("10.2.2", "3.3.1"),
    types=("aws_api_gateway_stage", "aws_apigatewayv2_stage"),
    fix="Log the variables of $context that are named, and none that quotes what clients prove"
    " themselves by or send.",
)
def access_logs_tell_enough(subject: Subject) -> Iterator[str]:
    """Fail on formats that leave a question of 10.2.2 open, or quote a secret or the body."""
    if not list(subject.each("access_log_settings")):
        yield "it writes no access log"
        return
    text = str(subject.get("access_log_settings", 0, "format", default=""))
    variables = set(_VARIABLE.findall(text))
    for question, told in _WANTED.items():
        if not any(map(told.fullmatch, variables)):
            yield f"the log doesn't tell {question}"
    for variable in sorted(filter(_FORBIDDEN.fullmatch, variables)):
        yield f"the log holds $context.{variable}"
    for quoted in sorted(set(_OF_REQUEST.findall(text))):
        yield f"the log holds {quoted}"
