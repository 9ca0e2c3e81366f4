"""A small contract, and changes of it: those that break clients by the rule, and others."""

from __future__ import annotations

from typing import Any

PATH = "/merchants/{merchant_id}/payments"
CONTRACT = """
openapi: 3.0.3
info: {title: Payments, version: "1"}
security: [{key: []}]
paths:
  /merchants/{merchant_id}/payments:
    parameters:
      - {name: merchant_id, in: path, required: true, schema: {type: string, maxLength: 26}}
    get:
      operationId: listPayments
      parameters:
        - {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 100}}
        - {name: Trace-Id, in: header, schema: {type: string}}
      responses:
        "200":
          description: A page
          headers: {ETag: {required: true, schema: {type: string}}}
          content:
            application/json: {schema: {$ref: "#/components/schemas/Page"}}
        "404": {description: None}
    post:
      operationId: authorizePayment
      requestBody:
        content:
          application/json: {schema: {$ref: "#/components/schemas/Payment"}}
          application/cbor: {schema: {$ref: "#/components/schemas/Payment"}}
      responses:
        "201": {description: Authorized}
        "409": {description: Another one}
components:
  securitySchemes: {key: {type: apiKey, name: x-api-key, in: header}}
  schemas:
    Payment:
      type: object
      required: [amount]
      properties:
        amount: {type: integer, minimum: 1, maximum: 1000}
        currency: {type: string, pattern: "^[A-Z]{3}$"}
        kind: {type: string, enum: [card, transfer], nullable: true}
        rate: {type: number}
        tags: {type: array, maxItems: 5, items: {type: string}}
        source: {oneOf: [{type: string}, {type: integer}]}
    Page:
      type: object
      additionalProperties: false
      required: [items]
      properties:
        items: {type: array, items: {$ref: "#/components/schemas/Shown"}}
        next: {$ref: "#/components/schemas/Page"}
        count: {type: integer, maximum: 100}
    Shown:
      type: object
      required: [id, state]
      properties:
        id: {type: string}
        state: {type: string, enum: [open, closed]}
        note: {type: string, maxLength: 10}
        total: {type: integer}
        from: {oneOf: [{type: string}]}
"""

Change = tuple[str, Any]
"""Where, by names with dots, and what is put there; None takes it away."""
_GET, _POST = f"paths|{PATH}|get", f"paths|{PATH}|post"
_PAYMENT, _SHOWN = "components|schemas|Payment", "components|schemas|Shown"
_PAGE = "components|schemas|Page"

BREAKING: list[tuple[str, Change]] = [
    ("path-removed", (f"paths|{PATH}", None)),
    ("operation-removed", (_GET, None)),
    ("operation-id-changed", (f"{_GET}|operationId", "payments")),
    ("security-changed", ("security", [])),
    ("security-changed", (f"{_GET}|security", [{"key": ["read"]}])),
    ("security-changed", ("components|securitySchemes|key|name", "x-key")),
    ("parameter-removed", (f"{_GET}|parameters|0", None)),
    ("parameter-required", (f"{_GET}|parameters|0|required", True)),
    (
        "parameter-required",
        (f"{_GET}|parameters|2", {"name": "at", "in": "query", "required": True}),
    ),
    ("parameter-changed", (f"{_GET}|parameters|0|style", "pipeDelimited")),
    ("request-limit", (f"{_GET}|parameters|0|schema|maximum", 50)),
    ("request-limit", (f"paths|{PATH}|parameters|0|schema|maxLength", 20)),
    ("body-required", (f"{_POST}|requestBody|required", True)),
    ("body-removed", (f"{_POST}|requestBody", None)),
    ("media-type-removed", (f"{_POST}|requestBody|content|application/cbor", None)),
    ("response-removed", (f"{_GET}|responses|200", None)),
    ("response-added", (f"{_POST}|responses|202", {"description": "Under way"})),
    ("response-header-removed", (f"{_GET}|responses|200|headers|ETag", None)),
    ("response-header-removed", (f"{_GET}|responses|200|headers|ETag|required", False)),
    ("request-property-required", (f"{_PAYMENT}|required", ["amount", "currency"])),
    ("request-property-removed", (f"{_PAYMENT}|properties|currency", None)),
    ("request-additional-properties", (f"{_PAYMENT}|additionalProperties", False)),
    ("request-type", (f"{_PAYMENT}|properties|rate|type", "integer")),
    ("request-null", (f"{_PAYMENT}|properties|kind|nullable", False)),
    ("request-values", (f"{_PAYMENT}|properties|kind|enum", ["card"])),
    ("request-values", (f"{_PAYMENT}|properties|rate|enum", [1, 2])),
    ("request-limit", (f"{_PAYMENT}|properties|amount|minimum", 2)),
    ("request-limit", (f"{_PAYMENT}|properties|rate|maximum", 2)),
    ("request-alternatives", (f"{_PAYMENT}|properties|source|oneOf", [{"type": "string"}])),
    ("items-changed", (f"{_PAYMENT}|properties|currency|items", {"type": "string"})),
    ("keyword-changed", (f"{_PAYMENT}|properties|currency|pattern", "^[A-Z]+$")),
    ("keyword-changed", (f"{_PAYMENT}|properties|currency|default", "EUR")),
    ("response-property-removed", (f"{_SHOWN}|properties|note", None)),
    ("response-property-optional", (f"{_SHOWN}|required", ["id"])),
    ("response-additional-properties", (f"{_PAGE}|additionalProperties", None)),
    ("response-type", (f"{_SHOWN}|properties|total|type", "number")),
    ("response-null", (f"{_SHOWN}|properties|note|nullable", True)),
    ("response-values", (f"{_SHOWN}|properties|state|enum", ["open", "closed", "lost"])),
    ("response-limit", (f"{_SHOWN}|properties|note|maxLength", 20)),
    ("response-limit", (f"{_PAGE}|properties|count|maximum", None)),
    (
        "response-alternatives",
        (f"{_SHOWN}|properties|from|oneOf", [{"type": "string"}, {"type": "integer"}]),
    ),
]

HARMLESS: list[Change] = [
    ("paths|/health", {"get": {"operationId": "health", "responses": {}}}),
    (f"paths|{PATH}|delete", {"operationId": "forget", "responses": {}}),
    (f"{_GET}|parameters|2", {"name": "at", "in": "query", "schema": {"type": "string"}}),
    (f"{_GET}|parameters|1|name", "trace-id"),
    (f"{_GET}|parameters|0|schema|maximum", 200),
    (f"{_GET}|parameters|0|description", "Payments a page"),
    (f"{_GET}|responses|404", None),
    (f"{_POST}|responses|422", {"description": "Refused"}),
    (f"{_GET}|responses|200|headers|Age", {"schema": {"type": "integer"}}),
    (f"{_POST}|requestBody|content|text/json", {"schema": {}}),
    (f"{_PAYMENT}|required", []),
    (f"{_PAYMENT}|properties|note", {"type": "string"}),
    (f"{_PAYMENT}|properties|amount|type", "number"),
    (f"{_PAYMENT}|properties|amount|maximum", None),
    (f"{_PAYMENT}|properties|amount|minimum", 0),
    (f"{_PAYMENT}|properties|kind|enum", ["card", "transfer", "cash"]),
    (f"{_PAYMENT}|properties|tags|maxItems", 9),
    (f"{_PAYMENT}|properties|currency|nullable", True),
    (
        f"{_PAYMENT}|properties|source|oneOf",
        [{"type": "integer"}, {"type": "string", "title": "A name"}, {"type": "boolean"}],
    ),
    (f"{_SHOWN}|required", ["id", "state", "note"]),
    (f"{_SHOWN}|properties|fee", {"type": "integer"}),
    (f"{_SHOWN}|properties|state|enum", ["open"]),
    (f"{_SHOWN}|properties|note|maxLength", 5),
    (f"{_PAGE}|properties|next|example", {}),
]
