"""Messages: JSON, MessagePack, CBOR, protocol buffers, conventions, and what is none of them."""

from __future__ import annotations

import json

from tests.fuzz.recorded import CHAT, TICK, Seeds


def seeds() -> Seeds:
    """The first byte: 1 for text."""
    values: list[object] = [
        json.loads(TICK),
        [],
        {},
        [1, [2, [3]]],
        {"a": {"b": [None, True, 1e300, -0.0]}},
        ["EVENT", {"kind": 1}],
        {"type": "join", "room": "42"},
        {"jsonrpc": "2.0", "method": "add", "params": [1], "id": 1},
        {"id": "550e8400-e29b-41d4-a716-446655440000", "at": "2024-01-01T00:00:00Z", "mail": "a@b.cd"},
        [{"x": 1}, {"x": "1", "y": None}],
        {str(i): i for i in range(20)},
    ]
    for i, value in enumerate(values):
        yield f"json_{i}", b"\x01" + json.dumps(value).encode()
    texts = {
        "deep": b"[" * 100 + b"]" * 100,
        "surrogate": b'{"\\ud800":"\\udc00"}',
        "number_long": b"1" * 400,
        "number_huge": b"[1e999,-1e999,123456789012345678901234567890]",
        "nan": b"[NaN,Infinity]",
        "byte_order_mark": b"\xef\xbb\xbf{}",
        "twice": b'{"a":1,"a":2}',
        "cut": b'{"a":',
        "digits": b"42",
        "words": CHAT,
        "space": b" \t\r\n[ 1 , 2 ] ",
        "nul": b'"\\u0000\x7f"',
        "sockjs": b'a["x"]',
        "engine_io": b'42/admin,7["event",{"a":1}]',
        "stomp": b"SEND\ndestination:/q\n\nhi\0",
        "phoenix": b'["1","2","room:1","join",{}]',
        "graphql": b'{"id":"1","type":"subscribe","payload":{"query":"{a}"}}',
        "signalr": b'{"type":1,"target":"f","arguments":[]}\x1e',
        "elements": b'{"type":"t","a":[{"x":1},{"x":2.5},{"x":3}],"b":[[1],[],["c"],[1,2]]}',
        "spaced": b' {"t" :\t"a.b", "n":\r\n[ -0 , 0.5e-1,1E+2,true ,null ] } ',
        "escaped": b'{"\\u0061\\n":"\\ud83d\\ude00","\xc3\xa9":"\\/"}',
        "name_of_a_person": b'{"type":"alice@example.test"}',
    }
    for name, payload in texts.items():
        yield f"text_{name}", b"\x01" + payload
    digits = {
        "msgpack_map": "82a474797065a46a6f696ea4726f6f6d2a",
        "msgpack_array": "93c0c2ca3f800000",
        "msgpack_ext": "81a161d6ff00000000",
        "msgpack_keys": "8293010203c0 80c0",
        "msgpack_length_lies": "ddffffffff",
        "msgpack_nan": "81a161cb7ff8000000000000",
        "cbor_map": "a264747970656a68656c6c6f",
        "cbor_indefinite": "bf61610161629f0203ffff",
        "cbor_tags": "c1d9d9f7a1616101",
        "cbor_length_lies": "9bffffffffffffffff",
        "cbor_deep": "81" * 70 + "01",
        "cbor_keys": "a1a0f97e00",
        "cbor_bignum": "a1616ac249010000000000000000",
        "protobuf": "0a0568656c6c6f1096011a020801",
        "protobuf_nested": "0a0c0a0568656c6c6f1203616263",
        "protobuf_fixed": "0a0568656c6c6f11000000000000f03f1dcdcccc3d",
        "protobuf_repeated": "0a0568656c6c6f1204080110021204080310041a0308ff01",
        "protobuf_bytes": "0a0568656c6c6f120400fffe801a0e6f6e650a74776f0d0a0974687265",
        "protobuf_negative": "0a0568656c6c6f10ffffffffffffffffff01",
        "mqtt": "300c0003612f627b2278223a317d",
        "both": "a0",
        "zeros": "00000000",
        "bytes": "ff00ff00",
    }
    for name, packed in digits.items():
        yield name, b"\x00" + bytes.fromhex(packed)
    yield "empty", b"\x00"
    yield "json_in_binary", b"\x00" + TICK
