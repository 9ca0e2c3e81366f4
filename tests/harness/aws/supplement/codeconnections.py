"""Connections to hosts of source code, which moto doesn't have at all."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from moto.codepipeline.models import codepipeline_backends
from moto.codepipeline.responses import CodePipelineResponse
from moto.codepipeline.urls import url_paths
from moto.core.exceptions import JsonRESTError
from moto.core.responses import BaseResponse
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from harness.aws.supplement.registry import mend

_SERVICES = ("codeconnections.", "codestar-connections.")
_TARGETS = ("CodeConnections_", "CodeStar_connections_")

_CONNECTIONS = mend(
    "codeconnections:CreateConnection",
    reason="has no connections to hosts of source code (500)",
    observed="aws_codeconnections_connection failed to apply",
)


class ConnectionsResponse(BaseResponse):
    """CodeConnections, kept with the account's pipelines."""

    def __init__(self) -> None:
        """Answer by the service's own protocol."""
        super().__init__(service_name="codeconnections")

    @property
    def _kept(self) -> dict[str, dict[str, Any]]:
        backend = codepipeline_backends[self.current_account][self.region]
        kept: dict[str, dict[str, Any]] = vars(backend).setdefault("connections", {})
        return kept

    def _find(self, parameter: str) -> dict[str, Any]:
        arn = self._get_param(parameter)
        if arn not in self._kept:
            raise JsonRESTError("ResourceNotFoundException", f"Connection {arn} not found")
        return self._kept[arn]

    def create_connection(self) -> str:
        """Make one, which waits for somebody to confirm it."""
        place = f"{self.region}:{self.current_account}"
        arn = f"arn:aws:codeconnections:{place}:connection/{uuid4()}"
        tags = self._get_param("Tags") or []
        self._kept[arn] = {
            "ConnectionArn": arn,
            "ConnectionName": self._get_param("ConnectionName"),
            "ConnectionStatus": "PENDING",
            "OwnerAccountId": self.current_account,
            "ProviderType": self._get_param("ProviderType") or "GitHub",
            "tags": {tag["Key"]: tag["Value"] for tag in tags},
        }
        return json.dumps({"ConnectionArn": arn, "Tags": tags})

    def get_connection(self) -> str:
        """Tell what it is."""
        return json.dumps({"Connection": _shown(self._find("ConnectionArn"))})

    def list_connections(self) -> str:
        """Tell of all."""
        return json.dumps({"Connections": [_shown(each) for each in self._kept.values()]})

    def delete_connection(self) -> str:
        """Take one away."""
        self._find("ConnectionArn")
        del self._kept[self._get_param("ConnectionArn")]
        return "{}"

    def list_tags_for_resource(self) -> str:
        """Tell its tags."""
        tags = self._find("ResourceArn")["tags"]
        return json.dumps({"Tags": [{"Key": key, "Value": tags[key]} for key in tags]})

    def tag_resource(self) -> str:
        """Add tags."""
        tags = {tag["Key"]: tag["Value"] for tag in self._get_param("Tags")}
        self._find("ResourceArn")["tags"].update(tags)
        return "{}"

    def untag_resource(self) -> str:
        """Take tags away."""
        for key in self._get_param("TagKeys"):
            self._find("ResourceArn")["tags"].pop(key, None)
        return "{}"


def _shown(connection: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in connection.items() if name != "tags"}


@_CONNECTIONS.around(DomainDispatcherApplication, "infer_service_region_host")
def _infer_host(original: Any, self: Any, environ: dict[str, Any], path: str) -> Any:
    host: str | None = original(self, environ, path)
    if host is not None and host.startswith(_SERVICES):
        return f"codepipeline.{host.partition('.')[2]}"
    return host


class _PipelinesOrConnections:
    """Answers for both, since both are asked at the root."""

    @classmethod
    def dispatch(cls, request: Any, *arguments: Any) -> Any:
        """Ask whom the caller means."""
        target = request.headers.get("X-Amz-Target", "")
        of_connections = any(each in target for each in _TARGETS)
        meant = ConnectionsResponse if of_connections else CodePipelineResponse
        return meant.dispatch(request, *arguments)


_CONNECTIONS.serves(url_paths, "{0}/$", _PipelinesOrConnections)
