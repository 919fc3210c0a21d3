"""In which format a payload is written, and what it says.

Text is JSON when it is. Bytes carry no such word, so each format must fill the payload exactly, have an object or an
array at its top, and show evidence beyond that; where two formats would do, or none has evidence, it is `binary`.
"""

from __future__ import annotations

import json
import re

import msgspec

from wsobserve.payload import cbor, protobuf

STRUCTURED = ("json", "msgpack", "cbor", "protobuf")
LOOKED_AT = 64  # values of a body that are searched for evidence

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
JSON_START = re.compile(rb'[ \t\r\n]*[\[{"0-9tfn-]')
JSON_CONTAINER_START = re.compile(rb"[ \t\r\n]*[\[{]")

_decode_json = msgspec.json.Decoder().decode
_decode_msgpack = msgspec.msgpack.Decoder().decode


def recognise(payload: bytes, *, text: bool) -> tuple[str, object]:
    """The format of a complete payload, and its body when the format is structured. Bytes of any kind are answered."""
    if not payload:
        return "empty", None
    if text:
        try:
            return "json", _json(payload)
        except ValueError:
            return "text", None
    if JSON_CONTAINER_START.match(payload):
        # Neither MessagePack nor CBOR has an object or array that starts with these bytes.
        try:
            return "json", _json(payload)
        except ValueError:
            return "binary", None
    structured = _self_describing(payload)
    if structured is not None:
        return structured
    body = protobuf.decode(payload)
    return ("binary", None) if body is None else ("protobuf", body)


def _json(payload: bytes) -> object:
    """The value of a JSON text (RFC 8259); ValueError when it is none, or deeper than the interpreter can follow."""
    try:
        return _decode_json(payload)
    except (msgspec.MsgspecError, ValueError):
        pass
    except RecursionError:
        raise ValueError("nested too deeply") from None
    # Valid, but too much for the fast decoder: lone surrogates, numbers out of range, a byte order mark.
    if payload.startswith(BYTE_ORDER_MARK):
        payload = payload[3:]
    if not JSON_START.match(payload):
        raise ValueError("not JSON")
    try:
        return json.loads(
            payload.decode(),
            parse_int=_integer,
            parse_constant=_refuse,
            object_pairs_hook=_with_printable_keys,
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _integer(digits: str) -> int | float:
    # Python refuses to convert very long ones, and nobody compares them.
    return int(digits) if len(digits) <= 300 else float(digits)


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")


def _with_printable_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    return {key.encode("utf-8", "replace").decode(): value for key, value in pairs}


def _self_describing(payload: bytes) -> tuple[str, object] | None:
    """MessagePack or CBOR, whichever has the better evidence; None when neither has any."""
    first = payload[0]
    best: tuple[str, object] | None = None
    best_evidence = 0
    if 0x80 <= first <= 0x9F or 0xDC <= first <= 0xDF:  # maps and arrays of MessagePack
        try:
            best = "msgpack", _decode_msgpack(payload)
            best_evidence = _evidence(best[1], payload)
        except (msgspec.MsgspecError, ValueError, TypeError, OverflowError, RecursionError):
            pass
    if 0x80 <= first <= 0xDB:  # arrays, maps and tags of CBOR
        try:
            body = cbor.decode(payload)
        except ValueError:
            body = None
        evidence = _evidence(body, payload) if isinstance(body, (dict, list)) else 0
        if evidence and evidence == best_evidence:
            return None
        if evidence > best_evidence:
            return "cbor", body
    return best if best_evidence else None


def _evidence(body: object, payload: bytes) -> int:
    """3: an object with names for keys; 2: readable text; 1: too long to fit by chance; 0: anything could look like this."""
    found = 1 if len(payload) >= 8 else 0
    waiting = [body]
    for value in waiting:
        if isinstance(value, dict):
            if value and all(isinstance(key, str) and key.isprintable() for key in value):
                return 3
            children = list(value.values())
        elif isinstance(value, (list, tuple)):
            children = list(value[:LOOKED_AT])
        else:
            if isinstance(value, str) and value and value.isprintable():
                found = 2
            continue
        waiting.extend(children[: LOOKED_AT - len(waiting)])
    return found
