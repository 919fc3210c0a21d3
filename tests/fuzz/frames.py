"""Frames and messages: bytes of both directions behind a good handshake, cut and with holes as the script says.

The first byte chooses the extensions that were agreed. Sometimes the same bytes are tried in larger pieces, too.
"""

from __future__ import annotations

from tests.fuzz.conversation import Conversation, in_step
from tests.fuzz.laws import sampled
from tests.fuzz.script import Event, events, joined
from wsobserve.records import Record


def told(agreed: int, found: list[Event]) -> list[Record]:
    """What the room says of it."""
    conversation = Conversation().opened(agreed).follow(found)
    records = conversation.finished()
    conversation.check_directions()
    return records


def tell(data: bytes) -> object:
    """Cuts change nothing but when it is known."""
    if not data:
        return None
    found = events(data[1:])
    records = told(data[0] & 3, found)
    if sampled(data) and in_step(records):
        assert told(data[0] & 3, joined(found)) == records
    return records
