"""The ``/_embedded/`` paths: what a data plane needs and no AWS API tells.

``credentials/{access_key_id}``
    who the key belongs to, with the secret to check signatures by;
``code/{account}/{region}/{function}/{version}``
    a function version's zip, where ``GetFunction``'s ``Code.Location`` points;
``invokers/{account}/{region}``
    PUT with ``url`` and ``token`` makes a runtime run the functions there, DELETE ends that;
``metrics/{account}/{region}``
    POST with a list of measurements that services made, for which PutMetricData has no names; what
    waits in queues is measured with them;
``changes?after={number}&seconds={most}``
    how often streams and queues were written to, once that isn't ``after`` any more.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends

from harness.aws import changes, invokers, metrics

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

    from harness.aws.identities import Identities

PREFIX = "/_embedded/"


def answer(
    environ: WSGIEnvironment, identities: Identities, start: StartResponse
) -> Iterable[bytes]:
    """Answer a request below ``PREFIX``; 404 for anything unknown."""
    path: str = environ["PATH_INFO"]
    match path.removeprefix(PREFIX).split("/"):
        case ["credentials", access_key_id]:
            found = _credentials(access_key_id, identities)
        case ["code", account_id, region, function, version]:
            found = _code(account_id, region, function, version)
        case ["invokers", account_id, region]:
            found = _register(account_id, region, environ)
        case ["metrics", account_id, region]:
            found = _measure(account_id, region, environ)
        case ["changes"]:
            found = _changes(environ)
        case _:
            found = None
    if found is None:
        start("404 Not Found", [("Content-Type", "application/json")])
        return [json.dumps({"message": f"nothing at {path}"}).encode()]
    media_type, body = found
    start("200 OK", [("Content-Type", media_type)])
    return [body]


def code_path(account_id: str, region: str, function: str, version: str) -> str:
    """Return the path of a function version's zip."""
    return f"{PREFIX}code/{account_id}/{region}/{function}/{version}"


def _credentials(access_key_id: str, identities: Identities) -> tuple[str, bytes] | None:
    identity = identities.find(access_key_id)
    if identity is None:
        return None
    return "application/json", json.dumps(identity.as_document()).encode()


def _code(account_id: str, region: str, function: str, version: str) -> tuple[str, bytes] | None:
    try:
        found = lambda_backends[account_id][region].get_function(function, version)
    except UnknownFunctionException:
        return None
    return "application/zip", found.code_bytes


def _register(account_id: str, region: str, environ: WSGIEnvironment) -> tuple[str, bytes]:
    given = json.loads(environ["wsgi.input"].read())
    if environ["REQUEST_METHOD"] == "DELETE":
        invokers.unregister(account_id, region, given["token"])
    else:
        invokers.register(account_id, region, invokers.Invoker(given["url"], given["token"]))
    return "application/json", b"{}"


def _measure(account_id: str, region: str, environ: WSGIEnvironment) -> tuple[str, bytes]:
    given = json.loads(environ["wsgi.input"].read())
    metrics.record(account_id, region, map(metrics.Measurement.read, given))
    metrics.measure_queues(account_id, region)
    return "application/json", b"{}"


def _changes(environ: WSGIEnvironment) -> tuple[str, bytes]:
    query = parse_qs(environ["QUERY_STRING"])
    count = changes.wait(int(query["after"][0]), float(query["seconds"][0]))
    return "application/json", json.dumps({"count": count}).encode()
