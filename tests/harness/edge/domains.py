"""Custom domain names as deployed: certificate, TLS policy, truststore and API mappings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from harness.edge.security_policies import SecurityPolicy, security_policy
from harness.edge.table import CompileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import boto3


class Mapped(NamedTuple):
    """Where a request under a custom domain goes; ``base_path`` is without slashes around it."""

    api_id: str
    stage_name: str
    base_path: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How a domain's listener speaks TLS; a change of it needs another listener.

    ``names`` and ``key_algorithm`` are the certificate's. ``truststore`` holds the certificates
    that clients' are verified against, as PEM; None without mutual TLS.
    """

    names: tuple[str, ...]
    key_algorithm: str
    policy: SecurityPolicy
    truststore: str | None


@dataclass(frozen=True, slots=True)
class CustomDomain:
    """A Regional custom domain name; ``mappings`` lead from base paths to API and stage."""

    name: str
    endpoint: Endpoint
    mappings: Mapping[str, tuple[str, str]]
    _longest_first: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        longest_first = tuple(sorted(self.mappings, key=len, reverse=True))
        object.__setattr__(self, "_longest_first", longest_first)

    def find(self, path: str) -> tuple[Mapped, str] | None:
        """The mapping of a path, and the path below it. Of several the longest counts."""
        for base_path in self._longest_first:
            prefix = f"/{base_path}" if base_path else ""
            if path == prefix or path.startswith(f"{prefix}/"):
                return Mapped(*self.mappings[base_path], base_path), path[len(prefix) :] or "/"
        return None


def read_domains(
    session: boto3.Session, policies: Mapping[str, str | None]
) -> Mapping[str, CustomDomain]:
    """Read all custom domain names of the session's account and region. Blocking.

    Args:
        session: credentials of the account, with its region.
        policies: the security policy of each API that has one of its own, by the API's id. It
            negotiates in the domain's place ("Choose a security policy for your custom domain").

    Raises:
        CompileError: something deployed isn't supported; names the domain.
    """
    reader = _Reader(session, policies)
    pages = session.client("apigateway").get_paginator("get_domain_names").paginate()
    return {each["domainName"]: reader.read(each) for page in pages for each in page["items"]}


class _Reader:
    def __init__(self, session: boto3.Session, policies: Mapping[str, str | None]) -> None:
        self._policies = policies
        self._mapper = session.client("apigatewayv2")
        self._certificates = session.client("acm")
        self._objects = session.client("s3")

    def read(self, deployed: Mapping[str, Any]) -> CustomDomain:
        name = deployed["domainName"]
        types = deployed["endpointConfiguration"]["types"]
        if types != ["REGIONAL"] or name.startswith("*"):
            raise CompileError(
                f"The domain name {name} is of type {', '.join(types)}; the edge serves Regional "
                "ones without a wildcard."
            )
        mappings = {
            each.get("ApiMappingKey", ""): (each["ApiId"], each["Stage"])
            for each in self._mappings(name)
        }
        names, key_algorithm = self._certificate(name, deployed["regionalCertificateArn"])
        endpoint = Endpoint(
            names=names,
            key_algorithm=key_algorithm,
            policy=security_policy(self._policy(deployed, {api for api, _ in mappings.values()})),
            truststore=self._truststore(name, deployed.get("mutualTlsAuthentication")),
        )
        return CustomDomain(name, endpoint, mappings)

    def _mappings(self, name: str) -> Iterator[Any]:
        page = self._mapper.get_api_mappings(DomainName=name)
        yield from page["Items"]
        while token := page.get("NextToken"):
            page = self._mapper.get_api_mappings(DomainName=name, NextToken=token)
            yield from page["Items"]

    def _policy(self, deployed: Mapping[str, Any], api_ids: set[str]) -> str:
        own = str(deployed["securityPolicy"])
        wanted = {self._policies.get(api_id) or own for api_id in api_ids} or {own}
        if len(wanted) > 1:
            raise CompileError(
                f"The APIs behind {deployed['domainName']} have different security policies "
                f"({', '.join(sorted(wanted))}), and AWS doesn't say which one negotiates: give "
                "them the same."
            )
        return wanted.pop()

    def _certificate(self, name: str, arn: str) -> tuple[tuple[str, ...], str]:
        found = self._certificates.describe_certificate(CertificateArn=arn)["Certificate"]
        if found["Status"] != "ISSUED":
            raise CompileError(f"The certificate of {name} is {found['Status']}, not ISSUED: {arn}")
        names = dict.fromkeys([found["DomainName"], *found.get("SubjectAlternativeNames", ())])
        return tuple(names), found["KeyAlgorithm"]

    def _truststore(self, name: str, mutual: Mapping[str, str] | None) -> str | None:
        if not mutual:
            return None
        address = urlsplit(mutual["truststoreUri"])
        place = {"Bucket": address.netloc, "Key": address.path.removeprefix("/")}
        if version := mutual.get("truststoreVersion"):
            place["VersionId"] = version
        try:
            found = self._objects.get_object(**place)  # type: ignore[arg-type]  # all are texts
        except ClientError as error:
            raise CompileError(f"The truststore of {name} can't be read: {error}") from error
        return found["Body"].read().decode("ascii")
