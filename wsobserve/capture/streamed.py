"""Packets of a capture that another program is writing, as they come: `tcpdump -U -w - port 8080 | wsobserve attach ...`.

pcap or pcapng, from standard input or a named pipe. A thread reads, because a read waits as long as the other program
is silent; what it has read waits in a short queue, and when that is full, the other program waits. So nothing is lost
in here; what the other program lost, pcapng may say and pcap cannot. tcpdump hands over each packet at once when it is
given `-U`, and a stream that is compressed comes in pieces of about 100 KB.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from types import TracebackType

from wsobserve.capture.error import CaptureError
from wsobserve.capture.files import Secrets, read_captures
from wsobserve.records import CaptureLoss, PacketBatch

TICK = 0.1  # seconds: the caller hears of us at least this often
WAITING = 8  # batches, each of about 100 KB

_Item = PacketBatch | CaptureLoss | BaseException | None  # None: the stream has ended


class StreamedSource:
    """The packets of the stream `path` (`-`: standard input). A context manager.

    `delivered` packets were given out, `dropped` were lost as far as the stream says so, `seen` are both.
    Decryption secrets in the stream are appended to `secrets`.
    """

    def __init__(self, path: str = "-", secrets: Secrets | None = None) -> None:
        self.delivered = 0
        self.dropped = 0
        self._path = path
        self._secrets = secrets
        self._closed = threading.Event()
        self._items: queue.Queue[_Item] = queue.Queue(WAITING)
        # It may wait in a read for ever: nobody waits for it when the process ends.
        threading.Thread(target=self._read, name="capture stream", daemon=True).start()

    @property
    def seen(self) -> int:
        """What was given out and what the stream says was lost."""
        return self.delivered + self.dropped

    def __enter__(self) -> StreamedSource:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Reads no further; a second time does nothing."""
        self._closed.set()

    def batches(self, stop: Callable[[], bool]) -> Iterator[PacketBatch | CaptureLoss | None]:
        """Batches as they come; None when 100 ms went by without one, so that the caller's own clock goes on.

        Ends with the stream, or once `stop()` is true and what has been read until then is given out. Raises CaptureError
        for what is no capture.
        """
        while not stop():
            try:
                item = self._items.get(timeout=TICK)
            except queue.Empty:
                yield None
                continue
            if item is None:
                return
            yield self._given_out(item)
        for _ in range(self._items.qsize()):
            item = self._items.get()
            if item is None:
                return
            yield self._given_out(item)

    def _given_out(self, item: PacketBatch | CaptureLoss | BaseException) -> PacketBatch | CaptureLoss:
        if isinstance(item, BaseException):
            raise item
        if isinstance(item, CaptureLoss):
            self.dropped += item.packets or 0
        else:
            self.delivered += len(item)
        return item

    def _read(self) -> None:
        """The thread: everything that comes into the queue, and at last what ended it."""
        last: _Item = None
        try:
            for item in read_captures([self._path], secrets=self._secrets):
                if not self._put(item):
                    return
        except CaptureError as error:
            last = error
        except Exception as error:  # noqa: BLE001 - told by the caller's thread, which would wait for ever
            last = error
        self._put(last)

    def _put(self, item: _Item) -> bool:
        """False when nobody takes it any more."""
        while not self._closed.is_set():
            try:
                self._items.put(item, timeout=TICK)
                return True
            except queue.Full:
                continue
        return False
