"""Python values to and from DynamoDB's typed attributes: text, integers, maps. No floats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from payment_core.money import is_integer

if TYPE_CHECKING:
    from collections.abc import Mapping


def encode(value: object) -> dict[str, Any]:
    """Encode one value. Raises ``TypeError`` for what a payment never holds, floats included."""
    if isinstance(value, str):
        # A StrEnum would be refused by the SDK's checks for exact types.
        return {"S": str(value)}
    if is_integer(value):
        return {"N": str(value)}
    if isinstance(value, dict):
        return {"M": encode_map(value)}
    if isinstance(value, list):
        return {"L": [encode(member) for member in value]}
    raise TypeError(f"can't store a {type(value).__name__}")


def encode_map(members: Mapping[str, object]) -> dict[str, dict[str, Any]]:
    """Encode an item or map, leaving out members that are None."""
    return {name: encode(value) for name, value in members.items() if value is not None}


def decode(attribute: Mapping[str, Any]) -> Any:
    """Decode one typed attribute. Raises ``TypeError`` for a type that is never written here."""
    ((kind, value),) = attribute.items()
    match kind:
        case "S":
            return value
        case "N":
            return int(value)
        case "M":
            return decode_map(value)
        case "L":
            return [decode(member) for member in value]
    raise TypeError(f"can't read an attribute of type {kind}")


def decode_map(attributes: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Decode an item or map."""
    return {name: decode(attribute) for name, attribute in attributes.items()}
