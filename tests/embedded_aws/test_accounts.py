"""Accounts and credentials: who is let in, as whom, and what they see."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.sts.models import sts_backends

if TYPE_CHECKING:
    from harness.aws import EmbeddedAWS

DEV, QA = "444444444444", "555555555555"


def identity_behind(aws: EmbeddedAWS, access_key_id: str) -> dict[str, Any] | None:
    url = f"{aws.endpoint_url}/_embedded/credentials/{access_key_id}"
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - loopback
            identity: dict[str, Any] = json.loads(answer.read())
            return identity
    except urllib.error.HTTPError as refusal:
        if refusal.code != 404:
            raise
        return None


def refusal_code(session: Any, **options: Any) -> str:
    with pytest.raises(ClientError) as refusal:
        session.client("sts", **options).get_caller_identity()
    return str(refusal.value.response["Error"]["Code"])


def test_accounts_are_apart(aws: EmbeddedAWS) -> None:
    aws.client("sqs", DEV).create_queue(QueueName="payments")
    assert "QueueUrls" not in aws.client("sqs", QA).list_queues()
    (url,) = aws.client("sqs", DEV).list_queues()["QueueUrls"]
    assert f"/{DEV}/" in url


def test_a_session_is_of_the_role_in_the_account(aws: EmbeddedAWS) -> None:
    caller = aws.session(DEV, "deploy", "ann").client("sts").get_caller_identity()
    assert caller["Account"] == DEV
    assert caller["Arn"] == f"arn:aws:sts::{DEV}:assumed-role/deploy/ann"


@pytest.mark.parametrize(("account", "expected"), [(None, "111111111111"), (DEV, DEV)])
def test_the_environment_directs_a_process(
    aws: EmbeddedAWS, account: str | None, expected: str
) -> None:
    program = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    answer = subprocess.run(
        [sys.executable, "-c", program],
        env={**inherited, **aws.environment(account)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert answer.stdout.strip() == expected


def test_credentials_of_a_session_are_told(aws: EmbeddedAWS) -> None:
    iam = aws.client("iam", DEV)
    role = iam.create_role(RoleName="merchant-m_acme", AssumeRolePolicyDocument="{}")["Role"]
    session = aws.session(DEV, "merchant-m_acme", "till-1")
    credentials: Any = session.get_credentials()
    identity = identity_behind(aws, credentials.access_key)
    assert identity is not None
    assert identity["account_id"] == DEV
    assert identity["secret_access_key"] == credentials.secret_key
    assert identity["session_token"] == credentials.token
    assert identity["principal_arn"] == f"arn:aws:sts::{DEV}:assumed-role/merchant-m_acme/till-1"
    assert identity["role_arn"] == role["Arn"]
    assert identity["principal_id"] == f"{role['RoleId']}:till-1"
    assert 0 < identity["expires_at"] - time.time() <= 12 * 60 * 60


def test_credentials_of_a_user_are_told_until_made_inactive(aws: EmbeddedAWS) -> None:
    iam = aws.client("iam", DEV)
    user = iam.create_user(UserName="robot")["User"]
    key = iam.create_access_key(UserName="robot")["AccessKey"]
    assert identity_behind(aws, key["AccessKeyId"]) == {
        "account_id": DEV,
        "secret_access_key": key["SecretAccessKey"],
        "session_token": None,
        "principal_arn": user["Arn"],
        "role_arn": None,
        "principal_id": user["UserId"],
        "expires_at": None,
    }
    iam.update_access_key(UserName="robot", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert identity_behind(aws, key["AccessKeyId"]) is None


def test_unknown_keys_and_paths_are_not_found(aws: EmbeddedAWS) -> None:
    assert identity_behind(aws, "AKIAUNKNOWN") is None
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(  # noqa: S310 - loopback
            f"{aws.endpoint_url}/_embedded/else", timeout=30
        )


def test_an_expired_session_is_refused_and_still_told(aws: EmbeddedAWS) -> None:
    session = aws.session(DEV)
    (assumed,) = sts_backends[DEV]["aws"].assumed_roles
    assumed.expiration = assumed.expiration.replace(year=2020)
    assert refusal_code(session) == "ExpiredToken"
    identity = identity_behind(aws, assumed.access_key_id)
    assert identity is not None
    assert identity["expires_at"] < time.time()


def test_a_session_needs_its_token(aws: EmbeddedAWS) -> None:
    credentials: Any = aws.session(DEV).get_credentials()
    for token in (None, "forged"):
        session = boto3.Session(
            credentials.access_key, credentials.secret_key, token, region_name="eu-west-1"
        )
        code = refusal_code(session, endpoint_url=aws.endpoint_url)
        assert code == "InvalidClientTokenId"


def test_unknown_and_absent_credentials_are_refused(aws: EmbeddedAWS) -> None:
    stranger = boto3.Session("AKIAIOSFODNN7EXAMPLE", "secret", region_name="eu-west-1")
    assert refusal_code(stranger, endpoint_url=aws.endpoint_url) == "InvalidClientTokenId"
    unsigned = Config(signature_version=UNSIGNED)
    code = refusal_code(stranger, endpoint_url=aws.endpoint_url, config=unsigned)
    assert code == "MissingAuthenticationToken"
