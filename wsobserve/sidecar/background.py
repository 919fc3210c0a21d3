"""The kinds of a channel worked out beside the capture, in a thread: what takes a second must not keep packets waiting.

The thread works on a copy. As it is Python, it takes turns with the capture; as the capture's own loops are compiled, it
is the thread that waits while packets are looked into.
"""

from __future__ import annotations

import pickle
import queue
import threading

from wsobserve.schema.kinds import ChannelSchema, channel_schema
from wsobserve.schema.sample import MessageSample

WAITING = 16  # channels; others are asked for again


class BackgroundInference:
    """Called with a channel and its sample: the kinds, as of an earlier call; None as long as they are not there."""

    def __init__(self) -> None:
        self._asked: queue.Queue[tuple[str, bytes]] = queue.Queue(WAITING)
        self._pending: set[str] = set()
        self._done: dict[str, ChannelSchema | None] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def __call__(self, channel: str, sample: MessageSample) -> ChannelSchema | None:
        with self._lock:
            if channel in self._done:
                self._pending.discard(channel)
                return self._done.pop(channel)
        if channel not in self._pending and not self._asked.full():
            self._pending.add(channel)
            self._asked.put_nowait((channel, pickle.dumps(sample, pickle.HIGHEST_PROTOCOL)))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="wsobserve-inference", daemon=True)
                self._thread.start()
        return None

    def _run(self) -> None:
        while True:
            channel, packed = self._asked.get()
            known: ChannelSchema | None = None
            try:
                known = channel_schema(channel, pickle.loads(packed))
            except Exception:  # noqa: BLE001  # a bug of ours costs what is told of this channel, and not the capture
                known = None
            with self._lock:
                self._done[channel] = known
