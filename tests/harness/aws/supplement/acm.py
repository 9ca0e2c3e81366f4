"""ACM: when a certificate that is validated by DNS is issued."""

from __future__ import annotations

import threading
import time
from typing import Any

from moto.acm.models import CertBundle
from moto.route53.models import route53_backends

from harness.aws import metrics
from harness.aws.supplement.registry import mend

_VALIDATION = mend(
    "acm:DescribeCertificate",
    reason="issues every certificate a minute after the request, whatever the DNS says, unmeasured",
    observed="aws_acm_certificate_validation waited a minute; no alarm found DaysToExpiry",
)


_lock = threading.Lock()


@_VALIDATION.around(CertBundle, "check")
def _check(original: Any, certificate: CertBundle) -> None:
    with _lock:
        pending = certificate.status == "PENDING_VALIDATION"
        original(certificate)
        if pending and certificate.status != "EXPIRED":
            certificate.status = "PENDING_VALIDATION"
            if _is_proved(certificate):
                certificate.status = "ISSUED"
                _measure(certificate)


def _measure(certificate: CertBundle) -> None:
    """Tell how long it lasts, as AWS does twice a day from the issue on."""
    region, account_id = certificate.arn.split(":")[3:5]
    left = certificate.describe()["Certificate"]["NotAfter"] - time.time()
    lasting = metrics.Measurement.of(
        "AWS/CertificateManager",
        "DaysToExpiry",
        {"CertificateArn": certificate.arn},
        [left // 86_400],
    )
    metrics.record(account_id, region, [lasting])


def _is_proved(certificate: CertBundle) -> bool:
    wanted = [
        option["ResourceRecord"]
        for option in certificate.describe()["Certificate"]["DomainValidationOptions"]
        if "ResourceRecord" in option
    ]
    found = {
        (record_set.name.rstrip("."), record_set.type, _text(value).rstrip("."))
        for backends in list(route53_backends.values())
        for backend in list(backends.values())
        for zone in list(backend.zones.values())
        if not zone.private_zone
        for record_set in list(zone.rrsets)
        for value in record_set.records or ()
    }
    return bool(wanted) and all(
        (record["Name"].rstrip("."), record["Type"], record["Value"].rstrip(".")) in found
        for record in wanted
    )


def _text(value: str | dict[str, str]) -> str:
    # moto keeps the records that it makes itself as requests have them.
    return value["Value"] if isinstance(value, dict) else value
