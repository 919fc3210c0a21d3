"""IP fragments to whole datagrams (RFC 791, 3.2; RFC 8200, 4.5).

In: fragments. Out: the datagram's payload once its last hole is filled. Where fragments overlap, the one that starts
earlier is used. How many datagrams are being put together, how large each grows and how long it waits is bounded.
"""

from __future__ import annotations

from wsobserve.config import Limits

LONGEST_DATAGRAM = 65_535
MOST_PIECES = 1_024  # of one datagram
MOST_TRIES = 16  # to put one together: only fragments that overlap make it look whole when it is not
PIECE_WEIGHT = 256  # what a fragment costs beside its bytes


class Datagram:
    """The fragments of one datagram so far: `pieces` is offset -> (captured bytes, length on the wire)."""

    __slots__ = ("captured", "fragments", "length", "pieces", "started_ns", "tries", "wire")

    def __init__(self, time_ns: int) -> None:
        self.started_ns = time_ns
        self.length: int | None = None  # None: the last fragment has not come yet
        self.captured = 0  # bytes held
        self.wire = 0  # their length on the wire; overlaps count twice
        self.tries = 0  # how often they looked whole and were not
        self.fragments = 0  # doubled ones included
        self.pieces: dict[int, tuple[bytes, int]] = {}


class Fragments:
    """Datagrams that wait for more fragments.

    `given_up` counts fragments, by reason, whose datagram will never be whole: `fragment_incomplete` (too late, or they
    contradict each other), `fragment_limit` (too many at once, or too many bytes of them).
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._datagrams: dict[bytes, Datagram] = {}  # oldest first
        self._weight = 0  # bytes held, with the cost of keeping them
        self.given_up = {"fragment_incomplete": 0, "fragment_limit": 0}

    def __len__(self) -> int:
        return len(self._datagrams)

    def add(self, key: bytes, offset: int, more: bool, data: bytes, length: int, time_ns: int) -> tuple[bytes, int] | None:
        """Take one fragment; the datagram's payload and its length on the wire when it is now whole.

        `data` is what was captured of `length` bytes. A payload with bytes missing by the snap length ends in front of them.
        """
        datagram = self._datagrams.get(key)
        if datagram is None or time_ns - datagram.started_ns > self._limits.fragment_wait_ns:
            self._give_up(key, "fragment_incomplete")
            if len(self._datagrams) >= self._limits.fragments:
                self._give_up(next(iter(self._datagrams)), "fragment_limit")
            datagram = self._datagrams[key] = Datagram(time_ns)
        datagram.fragments += 1
        if offset not in datagram.pieces:
            datagram.pieces[offset] = (data, length)
            datagram.captured += len(data)
            datagram.wire += length
            self._weight += len(data) + PIECE_WEIGHT
        end = offset + length
        if not more:
            datagram.length = end
        if end > LONGEST_DATAGRAM or datagram.captured > 2 * LONGEST_DATAGRAM or len(datagram.pieces) > MOST_PIECES:
            self._give_up(key, "fragment_incomplete")
            return None
        if datagram.length is not None and datagram.wire >= datagram.length:
            payload = _join(datagram.pieces, datagram.length)
            if payload is not None:
                self._forget(key)
                return payload, datagram.length
            datagram.tries += 1
            if datagram.tries >= MOST_TRIES:
                self._give_up(key, "fragment_incomplete")
        while self._weight > self._limits.fragment_buffer:
            self._give_up(next(iter(self._datagrams)), "fragment_limit")
        return None

    def expire(self, now_ns: int) -> None:
        """Give up datagrams that wait for too long."""
        late = [key for key, one in self._datagrams.items() if now_ns - one.started_ns > self._limits.fragment_wait_ns]
        for key in late:
            self._give_up(key, "fragment_incomplete")

    def finish(self) -> None:
        """The capture has ended: give up what is left."""
        for key in list(self._datagrams):
            self._give_up(key, "fragment_incomplete")

    def _give_up(self, key: bytes, reason: str) -> None:
        datagram = self._forget(key)
        if datagram is not None:
            self.given_up[reason] += datagram.fragments

    def _forget(self, key: bytes) -> Datagram | None:
        datagram = self._datagrams.pop(key, None)
        if datagram is not None:
            self._weight -= datagram.captured + PIECE_WEIGHT * len(datagram.pieces)
        return datagram


def _join(pieces: dict[int, tuple[bytes, int]], total: int) -> bytes | None:
    """The bytes up to `total` or to the first one that was not captured; None while a fragment is missing."""
    position = 0
    parts: list[bytes] = []
    whole = True
    for offset in sorted(pieces):
        data, length = pieces[offset]
        if offset > position:
            return None
        if offset + length <= position:
            continue
        if whole:
            parts.append(data[position - offset :])
            whole = len(data) == length
        position = offset + length
    return b"".join(parts)[:total] if position >= total else None
