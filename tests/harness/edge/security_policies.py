"""API Gateway's security policies as settings of OpenSSL, and what the one at hand can't do.

Source: "Supported security policies" in the API Gateway guide, the table of Regional APIs and
domain names. Suites have OpenSSL's names there too.
"""

from __future__ import annotations

import ssl
import warnings
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from harness.edge.table import CompileError

if TYPE_CHECKING:
    from collections.abc import Mapping

POST_QUANTUM_SINCE = (3, 5)  # OpenSSL, with ML-KEM
_TLS_1_3 = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
_TLS_1_3_FIPS = _TLS_1_3[:2]
_FORWARD_SECRET_GCM = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
)
_TLS_1_2 = (
    *_FORWARD_SECRET_GCM,
    "ECDHE-ECDSA-AES128-SHA256",
    "ECDHE-RSA-AES128-SHA256",
    "ECDHE-ECDSA-AES256-SHA384",
    "ECDHE-RSA-AES256-SHA384",
    "AES128-GCM-SHA256",
    "AES128-SHA256",
    "AES256-GCM-SHA384",
    "AES256-SHA256",
)
_TLS_1_0 = (
    *_TLS_1_2,
    "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-ECDSA-AES256-SHA",
    "ECDHE-RSA-AES256-SHA",
    "AES128-SHA",
    "AES256-SHA",
)


@dataclass(frozen=True, slots=True)
class SecurityPolicy:
    """What a listener accepts: the lowest version, and suites by version."""

    name: str
    lowest: ssl.TLSVersion
    tls_1_3_suites: tuple[str, ...]
    older_suites: tuple[str, ...] = ()

    def apply(self, context: ssl.SSLContext) -> None:
        """Let a server's context accept this and nothing else, as far as OpenSSL can."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # a policy may be that old
            context.minimum_version = self.lowest
        context.maximum_version = ssl.TLSVersion.TLSv1_3
        if self.older_suites:
            # OpenSSL 3 signs nothing for TLS 1.0 and 1.1 at its usual level.
            level = ":@SECLEVEL=0" if self.lowest < ssl.TLSVersion.TLSv1_2 else ""
            context.set_ciphers(":".join(self.older_suites) + level)

    def shortfalls(self, openssl: tuple[int, ...] = ssl.OPENSSL_VERSION_INFO) -> tuple[str, ...]:
        """What of the policy doesn't show locally, in sentences."""
        found = []
        if "_PQ_" in self.name and openssl[:2] < POST_QUANTUM_SINCE:
            found.append(
                f"{self.name}: post-quantum key exchange isn't offered, {ssl.OPENSSL_VERSION} has "
                f"none; OpenSSL {'.'.join(map(str, POST_QUANTUM_SINCE))} does."
            )
        if len(self.tls_1_3_suites) < len(_TLS_1_3):
            extra = ", ".join(name for name in _TLS_1_3 if name not in self.tls_1_3_suites)
            found.append(
                f"{self.name}: {extra} is offered although the policy leaves it out, since "
                "Python's ssl module can't choose suites of TLS 1.3."
            )
        return tuple(found)


def _table(*policies: SecurityPolicy) -> Mapping[str, SecurityPolicy]:
    return MappingProxyType({policy.name: policy for policy in policies})


_V1_0, _V1_2, _V1_3 = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
POLICIES = _table(
    SecurityPolicy("SecurityPolicy_TLS13_1_3_2025_09", _V1_3, _TLS_1_3),
    SecurityPolicy("SecurityPolicy_TLS13_1_3_FIPS_2025_09", _V1_3, _TLS_1_3_FIPS),
    SecurityPolicy(
        "SecurityPolicy_TLS13_1_2_FIPS_PFS_PQ_2025_09", _V1_2, _TLS_1_3_FIPS, _FORWARD_SECRET_GCM
    ),
    SecurityPolicy("SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09", _V1_2, _TLS_1_3, _FORWARD_SECRET_GCM),
    SecurityPolicy("SecurityPolicy_TLS13_1_2_PQ_2025_09", _V1_2, _TLS_1_3, _TLS_1_2),
    SecurityPolicy("SecurityPolicy_TLS13_1_2_2021_06", _V1_2, _TLS_1_3, _TLS_1_2),
    SecurityPolicy("TLS_1_2", _V1_2, _TLS_1_3, _TLS_1_2),
    SecurityPolicy("TLS_1_0", _V1_0, _TLS_1_3, _TLS_1_0),
)


def security_policy(name: str) -> SecurityPolicy:
    """A Regional policy by its name.

    Raises:
        CompileError: it isn't in the table.
    """
    if name not in POLICIES:
        raise CompileError(f"The security policy {name} isn't one of {', '.join(POLICIES)}.")
    return POLICIES[name]
