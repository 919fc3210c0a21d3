"""A decoded body in; the same as JSON has it, which is what schemas are about, out.

MessagePack, CBOR and protobuf have more than JSON: bytes become base64 (as the inferred schemas call them), times become
RFC 3339, keys that are no text become text.
"""

from __future__ import annotations

import base64
from datetime import datetime

DEEPEST = 200


def plain(value: object, depth: int = 0) -> object:
    """The value as JSON has it. ValueError when it is nested too deeply."""
    if depth > DEEPEST:
        raise ValueError("nested too deeply")
    if isinstance(value, dict):
        return {
            key if isinstance(key, str) else str(plain(key, depth + 1)): plain(inner, depth + 1) for key, inner in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [plain(inner, depth + 1) for inner in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    data = getattr(value, "data", None)  # an extension type of MessagePack
    return base64.b64encode(data).decode() if isinstance(data, (bytes, bytearray, memoryview)) else None
