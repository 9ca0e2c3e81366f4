"""What the access logs of APIs tell."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.testing import pci

from .judging import reasons, undecided

STAGE = "aws_api_gateway_stage.live"
TELLING = {
    "who": "$context.identity.userArn",
    "what": "$context.httpMethod",
    "which": "$context.resourcePath",
    "when": "$context.requestTime",
    "where": "$context.identity.sourceIp",
    "outcome": "$context.status",
}
COMMON_LOG_FORMAT = (
    "$context.identity.sourceIp $context.identity.caller $context.identity.user "
    '[$context.requestTime] "$context.httpMethod $context.resourcePath $context.protocol" '
    "$context.status $context.responseLength $context.requestId"
)


def logging(log_format: Any, stage: str = STAGE) -> dict[str, Any]:
    text = log_format if isinstance(log_format, str) else json.dumps(log_format)
    return {stage: {"access_log_settings": [{"format": text}]}}


@pci("10.2.2")
@pytest.mark.parametrize("stage", [STAGE, "aws_apigatewayv2_stage.live"])
@pytest.mark.parametrize(
    "log_format",
    [
        TELLING,
        COMMON_LOG_FORMAT,
        {**TELLING, "who": "$context.authorizer.claims.sub", "when": "$context.requestTimeEpoch"},
        {**TELLING, "what": "$context.routeKey", "which": "$context.routeKey"},
        {**TELLING, "key": "$context.identity.apiKeyId", "error": "$context.error.responseType"},
    ],
)
def test_a_format_that_answers_all_questions_passes(stage: str, log_format: Any) -> None:
    assert not reasons("PCI_18", logging(log_format, stage))


@pci("10.2.2")
@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("who", "who called"),
        ("what", "what was done"),
        ("which", "to what"),
        ("when", "when"),
        ("where", "from where"),
        ("outcome", "with which outcome"),
    ],
)
def test_each_question_must_be_answered(question: str, words: str) -> None:
    format_ = {key: value for key, value in TELLING.items() if key != question}
    found = reasons("PCI_18", logging(format_))
    assert found.startswith(f"the log doesn't tell {words}")
    assert ";" not in found


@pci("10.2.2")
@pytest.mark.parametrize(
    "log_format",
    ["$context.requestId", {**TELLING, "outcome": "$context.integration.status"}, "", "requests"],
)
def test_formats_that_tell_too_little_fail(log_format: Any) -> None:
    assert "the log doesn't tell with which outcome" in reasons("PCI_18", logging(log_format))


@pytest.mark.parametrize("who", ["$context.identity.accountId", "$context.identity.apiKeyId"])
def test_an_account_or_a_key_is_nobody(who: str) -> None:
    assert "who called" in reasons("PCI_18", logging({**TELLING, "who": who}))


@pci("3.3.1")
@pytest.mark.parametrize(
    ("variable", "words"),
    [
        ("$context.identity.apiKey", "the log holds $context.identity.apiKey"),
        ("$context.authorizer.accessToken", "the log holds $context.authorizer.accessToken"),
        ("$context.error.validationErrorString", "the log holds $context.error.validation"),
        (
            "$context.requestOverride.header.authorization",
            "the log holds $context.requestOverride.header.authorization",
        ),
        ("$input.body", "the log holds $input.body"),
        ("$method.request.header.Authorization", "the log holds $method.request.header.Auth"),
    ],
)
def test_no_secret_and_no_body_is_logged(variable: str, words: str) -> None:
    assert reasons("PCI_18", logging({**TELLING, "more": variable})).startswith(words)


def test_a_stage_without_a_log_fails() -> None:
    assert reasons("PCI_18", {STAGE: {"access_log_settings": []}}) == "it writes no access log"


def test_a_format_that_is_not_known_is_not_evaluated() -> None:
    unknown = {STAGE: {"access_log_settings": [{"format": True}]}}
    plan: dict[str, Any] = {STAGE: {"access_log_settings": [{}]}}
    assert "format isn't known" in undecided("PCI_18", plan, unknown=unknown)
    destination = {STAGE: {"access_log_settings": [{"destination_arn": True}]}}
    assert not reasons("PCI_18", logging(TELLING), unknown=destination)
