"""The values of payments' items, for everyone who reads the table or its stream."""

from __future__ import annotations

from api_functions.dynamodb_values import decode, decode_map, encode, encode_map

__all__ = ["decode", "decode_map", "encode", "encode_map"]
