"""KMS: the period after which a key rotates; keys named by ARN; what a public key is of."""

from __future__ import annotations

import json
import time
from typing import Any

from moto.kms.models import KmsBackend
from moto.kms.responses import KmsResponse

from harness.aws.supplement.registry import mend

DEFAULT_PERIOD_DAYS = 365
SECONDS_PER_DAY = 86_400

_ROTATION = mend(
    "kms:EnableKeyRotation",
    reason="reports 365 days whatever the period",
    observed="second plan of aws_kms_key wanted rotation_period_in_days",
)
_BY_ARN = mend(
    "kms:DisableKey",
    reason="fails at a key's ARN (500)",
    observed="disable_key with the ARN that Terraform puts out: KeyError",
)
_PUBLIC_KEY = mend(
    "kms:GetPublicKey",
    reason="tells the specification by its old name alone",
    observed="boto3's get_public_key has no KeySpec",
)


@_PUBLIC_KEY.around(KmsResponse, "get_public_key")
def _get_public_key(original: Any, response: KmsResponse) -> str:
    told = json.loads(original(response))
    return json.dumps({**told, "KeySpec": told["CustomerMasterKeySpec"]})


@_BY_ARN.around(KmsBackend, "disable_key")
@_BY_ARN.around(KmsBackend, "enable_key")
def _by_key_id(original: Any, backend: KmsBackend, key_id: str) -> None:
    original(backend, backend.get_key_id(key_id))


@_ROTATION.around(KmsResponse, "enable_key_rotation")
def _enable_key_rotation(original: Any, response: KmsResponse) -> str:
    answer = original(response)
    period = response._get_param("RotationPeriodInDays") or DEFAULT_PERIOD_DAYS
    vars(_key(response))["rotation_period_days"] = period
    return str(answer)


@_ROTATION.around(KmsResponse, "get_key_rotation_status")
def _get_key_rotation_status(original: Any, response: KmsResponse) -> str:
    status = json.loads(original(response))
    if status["KeyRotationEnabled"]:
        period = vars(_key(response)).get("rotation_period_days", DEFAULT_PERIOD_DAYS)
        status["RotationPeriodInDays"] = period
        status["NextRotationDate"] = time.time() + period * SECONDS_PER_DAY
    return json.dumps(status)


def _key(response: KmsResponse) -> Any:
    backend = response.kms_backend
    return backend.keys[backend.get_key_id(response._get_param("KeyId"))]
