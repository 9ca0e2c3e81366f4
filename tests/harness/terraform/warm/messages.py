"""The parts of Terraform's plugin protocol 5 that the proxy reads; the rest passes as it came.

Field numbers are those of `docs/plugin-protocol/tfplugin5.proto` in hashicorp/terraform. Fields
that aren't declared here survive parsing and serializing, and a value declared as bytes stays
unparsed, so that a schema of five megabytes is taken apart in milliseconds.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

SERVICE = "/tfplugin5.Provider/"

_Field = descriptor_pb2.FieldDescriptorProto
_TYPES = {
    "bool": _Field.TYPE_BOOL,
    "bytes": _Field.TYPE_BYTES,
    "enum": _Field.TYPE_INT32,
    "string": _Field.TYPE_STRING,
}
ERROR = 1
"""The severity of a diagnostic that isn't a warning."""
_DECLARED: dict[str, dict[str, tuple[int, str]]] = {
    "Attribute": {
        "name": (1, "string"),
        "required": (4, "bool"),
        "optional": (5, "bool"),
        "computed": (6, "bool"),
    },
    "Block": {"attributes": (2, "repeated Attribute")},
    "Schema": {"block": (2, "Block")},
    "Entry": {"key": (1, "string"), "value": (2, "bytes")},  # of a map
    "ProviderSchema": {
        "resources": (2, "repeated Entry"),
        "data_sources": (3, "repeated Entry"),
        "ephemeral_resources": (8, "repeated Entry"),
        "list_resources": (9, "repeated Entry"),
        "actions": (10, "repeated Entry"),
    },
    "IdentitySchemas": {"resources": (1, "repeated Entry")},
    "DynamicValue": {"msgpack": (1, "bytes")},
    "Diagnostic": {"severity": (1, "enum")},
    "PrepareResponse": {"diagnostics": (2, "repeated Diagnostic")},
    "ConfigureRequest": {"config": (2, "DynamicValue")},
    "ConfigureResponse": {"diagnostics": (1, "repeated Diagnostic")},
    "ResourceRequest": {"type_name": (1, "string")},
    "ResourceResponse": {"state": (1, "DynamicValue")},
    "DataRequest": {"type_name": (1, "string"), "config": (2, "DynamicValue")},
    "DataResponse": {"state": (1, "DynamicValue")},
}


def _file() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name="warm.proto", package="warm", syntax="proto3")
    for name, fields in _DECLARED.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            repeated, _, kind = kind.rpartition(" ")
            declared = message.field.add(name=field, number=number)
            declared.label = _Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL
            if kind in _TYPES:
                declared.type = _TYPES[kind]
            else:
                declared.type, declared.type_name = _Field.TYPE_MESSAGE, f".warm.{kind}"
    return file


_pool = descriptor_pool.DescriptorPool()
_pool.Add(_file())


def parse(name: str, data: bytes = b"") -> Any:
    """Parse `data` as one of the messages declared here.

    Raises:
        google.protobuf.message.DecodeError: the bytes are none of protobuf.
    """
    kind = message_factory.GetMessageClass(_pool.FindMessageTypeByName(f"warm.{name}"))
    return kind.FromString(data)
