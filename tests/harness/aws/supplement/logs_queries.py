"""CloudWatch Logs: saved queries."""

from __future__ import annotations

import json
import time
from typing import Any
from uuid import uuid4

from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.responses import LogsResponse

from harness.aws.supplement.registry import mend

_SAVED = mend(
    "logs:PutQueryDefinition",
    reason="has no saved queries (500)",
    observed="aws_cloudwatch_query_definition failed to apply",
)


@_SAVED.instead(LogsResponse, "put_query_definition")
def _put_query_definition(self: LogsResponse) -> str:
    saved, identifier = _saved(self), self._get_param("queryDefinitionId")
    if identifier is None:
        identifier = str(uuid4())
    elif identifier not in saved:
        raise ResourceNotFoundException
    saved[identifier] = {
        "queryDefinitionId": identifier,
        "name": self._get_param("name"),
        "queryString": self._get_param("queryString"),
        "logGroupNames": self._get_param("logGroupNames") or [],
        "lastModified": int(time.time() * 1000),
    }
    return json.dumps({"queryDefinitionId": identifier})


@_SAVED.instead(LogsResponse, "describe_query_definitions")
def _describe_query_definitions(self: LogsResponse) -> str:
    prefix = self._get_param("queryDefinitionNamePrefix") or ""
    found = [each for each in _saved(self).values() if each["name"].startswith(prefix)]
    return json.dumps({"queryDefinitions": found})


@_SAVED.instead(LogsResponse, "delete_query_definition")
def _delete_query_definition(self: LogsResponse) -> str:
    found = _saved(self).pop(self._get_param("queryDefinitionId"), None)
    if found is None:
        raise ResourceNotFoundException
    return json.dumps({"success": True})


def _saved(response: LogsResponse) -> dict[str, dict[str, Any]]:
    saved: dict[str, dict[str, Any]] = vars(response.logs_backend).setdefault("saved_queries", {})
    return saved
