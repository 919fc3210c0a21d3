"""Real captures for tests: their kinds of message, and the JSON messages that they hold by channel."""

from __future__ import annotations

import functools
from pathlib import Path

from wsobserve.observing import observe_files
from wsobserve.pipeline import Pipeline
from wsobserve.records import ChannelMessage, MessageKind

CAPTURES = Path(__file__).resolve().parents[2] / "captures"
WITH_JSON = ("demo.pcapng", "graphql_ws.pcap", "socketio.pcapng", "websockets_chat.pcap", "browser.pcapng")


@functools.cache
def observed(capture: str) -> tuple[tuple[MessageKind, ...], tuple[tuple[str, bytes], ...]]:
    """The kinds, and (channel, JSON text) of messages that are one JSON text each."""
    pipeline = Pipeline(messages=None, survive=True)
    messages = []
    for records in observe_files([str(CAPTURES / capture)], pipeline):
        for record in records:
            if isinstance(record, ChannelMessage) and record.format == "json" and record.message.payload[:1] in (b"{", b"["):
                messages.append((record.channel, record.message.payload))
    kinds = pipeline.snapshot(final=True).kinds
    known = {kind.channel for kind in kinds}
    return kinds, tuple((channel, payload) for channel, payload in messages if channel in known)
