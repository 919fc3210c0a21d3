"""Bytes of a direction whose frame boundary is not known in; those from the next certain boundary on out.

What is held is bounded: when it becomes too much, the older half goes, but the places where frames that begin in it
would end are remembered with their evidence. So a boundary is found even among frames that are larger than the buffer.
"""

from __future__ import annotations

import msgspec

from wsobserve.websocket.boundary import LONGEST_HEADER, NO_EVIDENCE, RESYNCHRONISE_BITS, Search
from wsobserve.websocket.opening import Chunk

# After a search in vain the next one comes when there is as much again: all together cost twice the last.
GROWTH = 2.0
FIRST_SEARCH = 16  # bytes
# The first chunks of a connection are few and mostly small messages: a search after each costs little, and none comes late.
FIRST_CHUNKS = 8
FIRST_BYTES = 4_096  # of these chunks together
BEGINS_LIKE_FRAMES = 12.0  # bits of evidence
MOST_CHUNKS = 4_096
MOST_EXPECTED = 64


class Found(msgspec.Struct, frozen=True):
    """A certain boundary: the bytes from there on, and how many held bytes lie before it."""

    chunks: list[Chunk]
    passed_over: int
    bits: float


class Resynchronisation:
    """One direction. `passed_bytes`: given up so far without a boundary. `compressed`: whether RSV1 may be set.

    `limit`: bytes that are held. Of a `joined` connection `most` of them, where what is held begins like frames.
    """

    def __init__(self, limit: int, *, joined: bool = False, most: int = 0) -> None:
        self.limit = max(limit, 2 * LONGEST_HEADER)
        self.joined = joined
        self.most = most
        self.compressed = True
        self.passed_bytes = 0
        self.held_bytes = 0
        self._chunks: list[Chunk] = []
        self._expected: dict[int, float] = {}  # by offset in what is held, or behind it
        self._next_search = 0
        self._weight = NO_EVIDENCE

    def receive(self, chunk: Chunk, masked: bool) -> Found | None:
        """The next bytes; `masked`: whether the direction's frames are."""
        self._add(chunk)
        if not self._is_due() and not self._is_full():
            return None
        search = self._searched(masked)
        found = self._found(search)
        if found is None and self._is_full():
            self._shrink(search)
        return found

    def hold(self, chunk: Chunk, masked: bool) -> None:
        """The next bytes, not searched."""
        self._add(chunk)
        if self._is_full():
            self._shrink(self._searched(masked))

    def weigh(self, masked: bool, now: bool = False) -> float:
        """How much evidence there is that frames begin where segments do; not looked at after each chunk, unless `now`."""
        if self._is_due() or now:
            best = self._searched(masked).best()
            self._weight = max([best.bits if best else NO_EVIDENCE, *self._expected.values()])
        return self._weight

    def search(self, masked: bool) -> Found | None:
        """Look for a boundary in what is held."""
        return self._found(self._searched(masked))

    def stop(self, masked: bool, missing: int = 0) -> Found | None:
        """`missing` bytes or the end come next: the last search in what is held. Without a find, it is passed over."""
        found = self.search(masked)
        if found is None:
            self.pass_over_all(masked, missing)
        return found

    def pass_over_all(self, masked: bool, missing: int = 0) -> None:
        """All that is held goes, and `missing` bytes come next. Frames that reach beyond them may still be there."""
        self._pass_over(self.held_bytes, self._searched(masked))
        self._expected = {place - missing: bits for place, bits in self._expected.items() if place >= missing}
        self._weight = max(self._expected.values(), default=NO_EVIDENCE)

    def _found(self, search: Search) -> Found | None:
        boundary = search.first(RESYNCHRONISE_BITS)
        if boundary is None:
            return None
        chunks = _behind(self._chunks, boundary.offset)
        self._clear()
        self.passed_bytes += boundary.offset
        return Found(chunks, boundary.offset, boundary.bits)

    def _add(self, chunk: Chunk) -> None:
        if chunk.data:
            self._chunks.append(chunk)
            self.held_bytes += len(chunk.data)

    def _is_due(self) -> bool:
        due = self.held_bytes >= self._next_search
        if self.joined and not self.passed_bytes:
            due = due or (len(self._chunks) <= FIRST_CHUNKS and self.held_bytes <= FIRST_BYTES)
        if due:
            self._next_search = int(self.held_bytes * GROWTH) + FIRST_SEARCH
        return due

    def _is_full(self) -> bool:
        return self.held_bytes > self.limit or len(self._chunks) > MOST_CHUNKS

    def _searched(self, masked: bool) -> Search:
        starts, position = set(), 0
        for chunk in self._chunks:
            starts.add(position)
            position += len(chunk.data)
        data = b"".join([chunk.data for chunk in self._chunks])
        return Search(data, starts, masked, compressed=self.compressed, expected=self._expected)

    def _shrink(self, search: Search) -> None:
        """The older half goes, of which `search` has the joined bytes."""
        if self.limit < self.most and len(self._chunks) <= MOST_CHUNKS and search.bits(0) >= BEGINS_LIKE_FRAMES:
            self.limit = min(2 * self.limit, self.most)
            return
        going, count = 0, 0
        while count < len(self._chunks) and (going < self.held_bytes // 2 or count < len(self._chunks) // 2):
            going += len(self._chunks[count].data)
            count += 1
        # A header that has come in part must stay.
        going = min(going, self.held_bytes - LONGEST_HEADER)
        self._pass_over(going, search)

    def _pass_over(self, length: int, search: Search) -> None:
        """The first `length` held bytes go."""
        places = search.onward(length, MOST_EXPECTED)
        self._expected = {place - length: bits for place, bits in places.items()}
        self._chunks = _behind(self._chunks, length)
        self.passed_bytes += length
        self.held_bytes -= length
        self._next_search = int(self.held_bytes * GROWTH)

    def _clear(self) -> None:
        self._chunks = []
        self.held_bytes = 0
        self._expected = {}
        self._next_search = 0
        self._weight = NO_EVIDENCE


def _behind(chunks: list[Chunk], offset: int) -> list[Chunk]:
    """The chunks without their first `offset` bytes."""
    for index, chunk in enumerate(chunks):
        if offset < len(chunk.data):
            first = Chunk(chunk.data[offset:], chunk.time_ns, chunk.packet) if offset else chunk
            return [first, *chunks[index + 1 :]]
        offset -= len(chunk.data)
    return []
