"""What is a secret or a card number, and what only says where one is kept."""

from __future__ import annotations

import pytest

from harness.testing import pci
from payment_core.cards import holds_card_number as core_finds_card_number
from pci_dss.leaks import holds_card_number, is_secret_name, leaks, variables_leak
from pci_dss.subject import UndecidedError

pytestmark = pci("8.6.2")


@pytest.mark.parametrize(
    "name",
    [
        *("DB_PASSWORD", "PGPASSWORD", "dbPassword", "MYSQL_PWD", "JWT_SECRET", "AUTH_TOKEN"),
        *("API_KEY", "apiKey", "STRIPE_APIKEY", "AWS_SECRET_ACCESS_KEY", "SIGNING_KEY_2"),
        *("SMTP_CREDENTIALS", "DATABASE_PASSWORD_1"),
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)
    assert list(leaks(name, "hunter2-hunter2")) == [
        "is called as a secret is, and its value stands there"
    ]


@pytest.mark.parametrize(
    "name",
    [
        *("PASSWORD_MIN_LENGTH", "SECRET_NAME", "DB_PASSWORD_ARN", "TOKEN_TABLE", "TOKENIZER_URL"),
        *("CSRF_KEY_SECRET_ARN", "API_KEY_HEADER", "TOKEN_TTL", "PAYMENTS_TABLE", "KEY_PREFIX"),
        *("PARTITION_KEY", "MAX_TOKENS", "SECRETS_MANAGER_ENDPOINT", ""),
    ],
)
def test_names_of_other_things(name: str) -> None:
    assert not is_secret_name(name)
    assert not list(leaks(name, "payments-dev-something"))


@pytest.mark.parametrize("value", ["", "true", "disabled", "30", "arn:aws:secretsmanager:a:b:c"])
def test_a_secrets_name_without_a_secret(value: str) -> None:
    assert not list(leaks("DB_PASSWORD", value))


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("AKIAIOSFODNN7EXAMPLE", "an access key of AWS"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE", "a private key"),
        ("postgres://payments:hunter2@db.example:5432/payments", "a URL with a password"),
        ("Server=db;User Id=app;Password=hunter2;", "a password"),
        ("ghp_" + "a1B2" * 9, "a token"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefghijkl", "a token"),
    ],
)
def test_values_that_are_secrets_under_any_name(value: str, kind: str) -> None:
    assert list(leaks("SETTING", value)) == [f"holds {kind}"]


@pytest.mark.parametrize(
    "value",
    [
        "https://sandbox.acquirer.example",
        "https://user@db.example/payments",
        "postgres://db.example:5432/payments",
        '{"EUR":5000,"GBP":5000,"USD":5000}',
        "the AKIA prefix",
        "PASSWORD",
    ],
)
def test_values_that_are_no_secrets(value: str) -> None:
    assert not list(leaks("SETTING", value))


@pci("3.5.1")
@pytest.mark.parametrize(
    "text",
    [
        *("4111 1111 1111 1111", "4111111111111111", "4111-1111-1111-1111", "378282246310005"),
        *("test card 5555555555554444, please", '["6011000990139424"]', "3782 822463 10005"),
        *("2223003122003222", "pan4111111111111111", "4111.1111.1111.1111"),
    ],
)
def test_card_numbers_are_found(text: str) -> None:
    assert core_finds_card_number(text)
    assert holds_card_number(text)
    assert list(leaks("SETTING", text)) == ["holds a card number"]


@pci("3.5.1")
@pytest.mark.parametrize(
    "text",
    [
        *("4111 1111 1111 1112", "411111111111", "1111111111111117", "123456789012"),
        *("1767225600000", "arn:aws:kms:eu-west-1:444444444444:key/a"),
        *("a411111111111111100000000", "9e107d9d372bb6826bd81d3542a419d6"),
    ],
)
def test_other_digits_are_no_card_numbers(text: str) -> None:
    assert not core_finds_card_number(text)
    assert not holds_card_number(text)


def test_no_value_is_repeated() -> None:
    variables = {
        "DB_PASSWORD": "hunter2",
        "CARD": "4111111111111111",
        "KEY": "AKIAIOSFODNN7EXAMPLE",
    }
    said = " ".join(variables_leak(variables))
    assert not any(value in said for value in variables.values())
    assert all(name in said for name in variables)


def test_what_is_not_worked_out_is_not_decided_and_hides_nothing() -> None:
    variables = {"DB_PASSWORD": "${var.password}", "CARD": "4111111111111111"}
    found: list[str] = []
    with pytest.raises(UndecidedError, match="DB_PASSWORD"):
        found.extend(variables_leak(variables))
    assert found == ["CARD holds a card number"]
