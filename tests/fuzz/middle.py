"""Boundary search: bytes of both directions from the middle of a connection, or behind a hole in one that was followed.

The first byte says which of the two, and what was agreed before the hole.
"""

from __future__ import annotations

from tests.fuzz.conversation import Conversation
from tests.fuzz.script import GAP, Event, events

MOST_SAID = 1_024  # a search costs more than anything else, and what it holds reaches its limit before


def tell(data: bytes) -> object:
    """Whatever is found or given up, every byte is accounted for."""
    if not data:
        return None
    found = events(data[1:], MOST_SAID)
    if data[0] & 4:
        return Conversation(syn=False).follow(found).finished()
    conversation = Conversation().opened(data[0] & 3)
    # A hole in which a frame may begin: in step no longer, both ways.
    records = conversation.follow([Event(GAP, 0, number=99), Event(GAP, 1, number=99), *found]).finished()
    conversation.check_directions()
    return records
