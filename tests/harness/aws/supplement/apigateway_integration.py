"""REST API integrations: the VPC link that a private one goes through."""

from __future__ import annotations

import json
from typing import Any

from moto.apigateway.models import Integration
from moto.apigateway.responses import APIGatewayResponse

from harness.aws.supplement.registry import mend

_PRIVATE = mend(
    "apigateway:PutIntegration",
    reason="forgets the VPC link of a private integration",
    observed="GetIntegration of an HTTP_PROXY integration with connectionType VPC_LINK",
)


@_PRIVATE.around(APIGatewayResponse, "put_integration")
def _put_integration(original: Any, response: APIGatewayResponse) -> Any:
    answer = original(response)
    _, _, api_id, _, resource_id, _, verb, *_ = response.path.split("/")
    integration = response.backend.get_integration(api_id, resource_id, verb)
    connect(integration, response._get_param("connectionId"))
    status, headers, _ = answer
    return status, headers, json.dumps(integration.to_json())


@_PRIVATE.around(Integration, "to_json")
def _to_json(original: Any, integration: Integration) -> dict[str, Any]:
    written: dict[str, Any] = original(integration)
    if connection_id := vars(integration).get("connection_id"):
        written["connectionId"] = connection_id
    return written


def connect(integration: Integration, connection_id: str | None) -> None:
    """Remember the VPC link, or the reference to a stage variable with it."""
    vars(integration)["connection_id"] = connection_id
