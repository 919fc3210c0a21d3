"""What a message says: JSON, MessagePack, CBOR, protobuf, text, whatever; its name, its structure, and its inferred schema.

The first byte says whether it is text. The rest is one message, which is told twice: the second time in a fold that knows
it already.
"""

from __future__ import annotations

import json

import msgspec

from tests.fuzz.laws import SMALL, START_NS
from wsobserve.payload.name import message_name
from wsobserve.payload.stage import Payload
from wsobserve.payload.structure import UNKNOWN, StructureReader
from wsobserve.records import ChannelMessage, Half, Message
from wsobserve.schema.fold import SchemaFold

HALF = Half(
    connection="c", source="a", destination="b", client="10.0.0.1:4", server="10.0.0.2:80", direction="client_to_server"
)
STRUCTURES = StructureReader()
FORMATS = {"json", "msgpack", "cbor", "protobuf", "text", "binary", "empty"}


def message(payload: bytes, *, text: bool) -> Message:
    """A complete one."""
    length = len(payload)
    return Message(
        HALF, START_NS, 1, START_NS, 1 if text else 2, 1, False, length, length, True, text or None, payload, None, length
    )


def shape(value: object) -> object:
    """Keys, nesting and types of decoded JSON, and nothing of the values; of elements with the same shape, one."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return list(dict.fromkeys(repr(shape(inner)) for inner in value))
    return type(value).__name__


def structure_of(payload: bytes) -> str:
    """What the reader of structures says: nothing of a text that a decoder refuses, or reads otherwise."""
    try:
        payload.decode()
    except UnicodeDecodeError:
        utf8 = False
    else:
        utf8 = True
    structure = STRUCTURES.structure(payload, utf8)
    if structure == UNKNOWN:
        return UNKNOWN
    decoded, in_short = msgspec.json.decode(payload), msgspec.json.decode(structure)
    assert shape(decoded) == shape(in_short)
    assert message_name(decoded) == message_name(in_short)
    assert STRUCTURES.structure(structure.encode(), True) == structure
    assert STRUCTURES.structure(payload, False) in (structure, UNKNOWN)
    return structure


def tell(data: bytes) -> object:
    """Judged alone, and so always the same."""
    if not data:
        return None
    text, payload = bool(data[0] & 1), data[1:]
    if text:
        try:
            payload.decode()
        except UnicodeDecodeError:
            return None  # such a message is not said to be text
    stage = Payload(SMALL)
    said = stage.receive(message(payload, text=text))
    assert said
    assert sum(each.length for each in said) == len(payload)
    _check(said, text, payload)
    schemas = SchemaFold(SMALL)
    for each in (*said, *stage.receive(message(payload, text=text))):
        schemas.add(each)
    kinds = schemas.kinds(START_NS)
    assert sum(kind.messages for kind in kinds) + schemas.without_kind == 2 * len(said)
    # JSON Schemas are for others: they must be JSON.
    json.dumps([kind.json_schema for kind in kinds], allow_nan=False)
    told = [(each.format, each.channel, each.name, each.operation, each.schema) for each in said]
    return told, kinds, structure_of(payload)


def _check(said: list[ChannelMessage], text: bool, payload: bytes) -> None:
    for each in said:
        assert each.format in FORMATS
        assert each.name is None or 0 < len(each.name) <= 64
        assert not text or each.format in ("json", "text", "empty")
        if each.format == "json" and len(said) == 1 and each.convention is None:
            json.loads(payload)  # for somebody else, too
