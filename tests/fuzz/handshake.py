"""HTTP and the opening handshake: heads of requests and responses as the script has them, cut and with holes, and what follows.

The first byte says whether the connection was seen to open. Sometimes the same bytes are tried in larger pieces, too.
"""

from __future__ import annotations

from tests.fuzz.conversation import Conversation, in_step
from tests.fuzz.laws import sampled
from tests.fuzz.script import GAP, Event, events, joined
from wsobserve.records import Anomaly, ConnectionSummary, Handshake, Record

SECRET = b"s3cr3t-t0ken-n0body-sees"  # lies in values that nobody may see


def told(syn: bool, found: list[Event]) -> list[Record]:
    """What the room says of it."""
    return Conversation(syn=syn).follow(found).finished()


def tell(data: bytes) -> object:
    """Cuts change nothing but when it is known; what is secret stays so."""
    if not data:
        return None
    syn = not data[0] & 1
    found = events(data[1:])
    records = told(syn, found)
    for record in records:
        if isinstance(record, Handshake):
            assert record.half.direction == "client_to_server"
            assert record.path_template is None or len(record.path_template) <= 256
        if isinstance(record, Handshake | ConnectionSummary | Anomaly):
            assert SECRET.decode() not in repr(record)
    if sampled(data) and syn and in_step(records) and not any(event.kind == GAP for event in found):
        assert told(syn, joined(found)) == records
    return records
