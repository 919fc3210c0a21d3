"""One direction of a connection: its bytes in, as they come; out, for any packet of it, what may be shown of its payload.

What may be shown is worked out from the structure alone (see `stretch`), and the structure is read in order: first an
HTTP head, then, once the caller says that the other side has agreed, frames. Where the structure is not known, nothing is
shown. It is lost when a header is missing or cannot be one, and is found again only when several frames in a row have
shown where the next one begins.
"""

from __future__ import annotations

from wsobserve.export.recording.frame_walk import UNKNOWN, FrameWalk
from wsobserve.export.recording.head_redaction import redact_head
from wsobserve.export.recording.stretch import Stretch, head_stretch
from wsobserve.websocket.http import HEAD_END, parse_head

HEAD, WAIT, FRAMES, LOST = 0, 1, 2, 3
LONGEST_HEAD = 32 * 1024
REMEMBERED = 4  # stretches at least, and twice as many at most, for what is sent again: each takes 150 bytes
PROBATION = 8  # frames in a row before they are believed
FAR = 1 << 26  # bytes ahead: no window is as large, so it is of no use to wait for what lies between


class StreamRedactor:
    """`opens`: `sequence_number` is that of the first byte of the stream; else it is joined later, and lost.

    Positions count from that byte. `masked`: whether this side masks its frames, as the client does; -1: not known.
    `raw_head` is the head once it has ended; behind it nothing is read before `agree`.
    """

    def __init__(self, sequence_number: int, opens: bool, masked: int) -> None:
        self.phase = HEAD if opens else LOST
        self.raw_head = b""
        self._base = sequence_number
        self._masked = masked
        self._deflate = not opens  # whether frames may be compressed; where that is not known, they may
        self._head = bytearray()
        self._walk = FrameWalk(0, masked, False, False)  # `end`: up to where the structure is known
        self._search: FrameWalk | None = None
        self._stretches: list[Stretch] = []

    def position(self, sequence_number: int) -> int:
        """Where in the stream this is, to the nearest."""
        near = self._walk.end if self._search is None else self._search.end
        distance = (sequence_number - self._base - near) & 0xFFFF_FFFF
        return near + (distance - 0x1_0000_0000 if distance >= 0x8000_0000 else distance)

    @property
    def agreeing(self) -> bool:
        """Whether the head has ended, and nobody has said what comes behind it."""
        return self.phase == WAIT

    @property
    def lost(self) -> bool:
        """Whether the structure is not known."""
        return self.phase == LOST

    @property
    def next(self) -> int:
        """The position of the next byte that is to be read."""
        return len(self._head) if self.phase == HEAD else self._walk.end + len(self._walk.header)

    def learn(self, position: int, data: bytes) -> bool:
        """Read these bytes of the stream as far as they are next; whether they were."""
        if self.phase == FRAMES:
            walk = self._walk
            offset = walk.end + len(walk.header) - position
            if not 0 <= offset < len(data):
                return False
            walk.read(data, offset, self._stretches)
            if walk.broken:
                self.lose()
            return True
        if self.phase == LOST:
            self._look_for_frames(position, data)
            return False
        offset = len(self._head) - position
        if self.phase == WAIT or not 0 <= offset < len(data):
            return False
        self._read_head(data[offset:])
        return True

    def agree(self, deflate: bool) -> None:
        """Behind the head come frames."""
        self.phase = FRAMES
        self._deflate = deflate
        self._walk = FrameWalk(self._walk.end, self._masked, deflate, False)

    def lose(self) -> None:
        """The structure is not known any more."""
        self.phase = LOST
        self._head.clear()
        self._walk.header = b""
        self._search = None

    def trim(self) -> None:
        """No packet waits: what was long ago can be forgotten."""
        if len(self._stretches) > 2 * REMEMBERED:
            del self._stretches[:-REMEMBERED]

    def show(self, position: int, length: int, parts: list[bytes]) -> int:
        """Append what may be shown of `length` bytes from `position` on.

        1: that is all of them; 0: it is the first of them, or nothing; -1: it is not known yet, and nothing was appended.
        """
        end = position + length
        walk = self._walk
        known = walk.end + min(len(walk.header), walk.header_length)
        if end > known and self.phase != LOST:
            return -1 if position - known < FAR else 0
        stretches = self._stretches
        count = len(stretches)
        index = count
        while index and stretches[index - 1].end > position:
            index -= 1
        oldest = stretches[index].start if index < count else walk.end
        if position < oldest < end and self.phase != LOST:
            parts.append(b"x" * (oldest - position))  # was sent before, and now comes again with what is new
            position = oldest
        while index < count and position < end:
            stretch = stretches[index]
            index += 1
            if position < stretch.start:
                return 0
            stop = end if end < stretch.end else stretch.end
            parts.append(stretch.piece(position, stop))
            position = stop
        if walk.end <= position < end <= known:
            parts.append(walk.header[position - walk.end : end - walk.end])
            return 1
        return 1 if position >= end else 0

    def _read_head(self, data: bytes) -> None:
        head = self._head
        searched = max(len(head) - 3, 0)
        head += data
        begin = b"HTTP/" if self._masked == 0 else b"GET "
        if not begin.startswith(head[: len(begin)]):
            self.lose()
            return
        match = HEAD_END.search(head, searched)
        if match is None:
            if len(head) > LONGEST_HEAD:
                self.lose()
            return
        raw_head = bytes(head[: match.end()])
        parsed = parse_head(bytes(head[: match.start()]), 0, 0)
        if parsed is None or (self._masked and not parsed.asks_for_websocket):
            self.lose()  # somebody else's request, of which nothing is told elsewhere either
            return
        self.raw_head = raw_head
        self._stretches.append(head_stretch(0, redact_head(self.raw_head)))
        self._walk.end = match.end()
        self.phase = WAIT
        head.clear()

    def _look_for_frames(self, position: int, data: bytes) -> None:
        """Whether a run of frames begins with a packet; nothing of those that prove it is shown."""
        walk = self._search
        offset = 0 if walk is None else walk.end + len(walk.header) - position
        if walk is None or offset < 0:
            walk = self._search = FrameWalk(position, UNKNOWN if self._masked < 0 else self._masked, self._deflate, True)
            offset = 0
        if offset >= len(data):
            return
        walk.read(data, offset, [])
        if walk.broken:
            self._search = None
        elif walk.frames >= PROBATION:
            walk.prove()
            self._walk = walk
            self._search = None
            self._stretches = []
            self.phase = FRAMES
