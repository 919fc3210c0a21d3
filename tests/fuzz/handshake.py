"""HTTP and the opening handshake: heads of requests and responses as the script has them, cut and with holes, and what follows.

The first byte says whether the connection was seen to open. Sometimes the same bytes are tried in larger pieces, too.
"""

from __future__ import annotations

from tests.fuzz.conversation import Conversation, in_step
from tests.fuzz.laws import SMALL, sampled
from tests.fuzz.script import GAP, Event, events, joined
from wsobserve.records import Anomaly, ConnectionSummary, Handshake, Record

SECRET = b"s3cr3t-t0ken-n0body-sees"
NEVER_SHOWN = (b"Cookie: id=", b"Set-Cookie: ", b"Authorization: Bearer ")


def heads_of(found: list[Event]) -> list[bytes]:
    """The beginnings of both halves."""
    return [b"".join([event.data for event in found if event.half == half])[: SMALL.http_head] for half in (0, 1)]


def told(syn: bool, found: list[Event]) -> list[Record]:
    """What the room says of it."""
    return Conversation(syn=syn).follow(found).finished()


def plain(found: list[Event], records: list[Record]) -> bool:
    """Whether it begins with a good handshake: behind malformed heads, others are looked for where pieces begin."""
    first = records[0] if records else None
    if not isinstance(first, Handshake) or first.request_packet is None or not first.accept_valid or not in_step(records):
        return False
    heads = heads_of(found)
    return heads[0].startswith(b"GET ") and heads[1].startswith(b"HTTP/1.1 101 ") and all(b"\r\n\r\n" in head for head in heads)


def tell(data: bytes) -> object:
    """Cuts change nothing but when it is known; what is secret stays so."""
    if not data:
        return None
    syn = not data[0] & 1
    found = events(data[1:])
    records = told(syn, found)
    hidden = data.count(SECRET) == sum(data.count(b"\r\n" + field + SECRET) for field in NEVER_SHOWN)
    for record in records:
        if isinstance(record, Handshake):
            assert record.half.direction == "client_to_server"
            assert record.path_template is None or len(record.path_template) <= 256
            for names in (record.query_keys, record.request_fields, record.credentials):
                assert len(names) <= 33 * 3
                assert all(len(name) <= 100 for name in names)
        if hidden and isinstance(record, Handshake | ConnectionSummary | Anomaly):
            assert SECRET.decode() not in repr(record)
    if sampled(data):
        again = told(syn, joined(found))
        if syn and plain(found, records) and not any(event.kind == GAP for event in found):
            assert again == records
    return records
