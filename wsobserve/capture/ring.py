"""Packets of live Linux interfaces, through the TPACKET_V3 ring of an AF_PACKET socket: memory shared with the kernel.

The kernel fills one block of the ring after the other and hands each over when it is full, or 50 ms after its first
packet. We copy a block once and hand it back at once, so however long a packet is looked at, the ring is free.

The socket is of type SOCK_DGRAM: the kernel takes link header and VLAN tag off and says what follows, the same on
Ethernet, loopback, tunnels and on all interfaces at once. The order of opening is: socket of protocol 0 (which receives
nothing), version, filter, ring, mapping, bind: no packet comes in unfiltered.

A ring outlives the process that takes from it. How far it was taken stands in memory that is shared by all processes
forked since it was opened: a process that was killed leaves it either in front of a block or behind it.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import select
import socket
import struct
import threading
import time
from collections.abc import Sequence

import msgspec

from wsobserve.capture.error import CaptureError, name_for_people
from wsobserve.capture.filter import NOTHING, cut_at, of_interfaces
from wsobserve.capture.missing_privilege import missing_net_raw
from wsobserve.capture.ring_walk import RingWalk
from wsobserve.records import PacketBatch

ANY = "any"  # the name under which all interfaces are captured
RING_BYTES = 32 * 1024 * 1024  # how long we may be busy with other things
# Of 256 KiB from which on a block holds several segments of 64 KiB. A batch is a block, and all that it completes is held
# at once, so longer ones cost memory (see files.CHUNK).
BLOCK_BYTES = 256 * 1024
RETIRE_MS = 50  # a block with packets is handed over after this at the latest
LOOK_INTERVAL = 1.0  # seconds: how often we look whether the interfaces are still there

_SOL_PACKET = 263
_PACKET_RX_RING, _PACKET_STATISTICS, _PACKET_VERSION, _PACKET_FANOUT = 5, 6, 10, 18
_TPACKET_V3 = 2
# By hash alone: ROLLOVER would hand what a full ring cannot take to another worker, and so split a connection.
_FANOUT_HASH, _FANOUT_DEFRAGMENT, _FANOUT_UNIQUE = 0, 0x8000, 0x2000
_SO_ATTACH_FILTER = 26
_SIOCGIFINDEX = 0x8933
_ETH_P_ALL = 3
_FRAME_LENGTH = 2048  # means nothing in version 3, and must divide a block
_USER, _KERNEL = 1, 0  # whose a block is
_STATISTICS = struct.Struct("=III")
_REQUEST = struct.Struct("=7I")
_INTERFACE_REQUEST = struct.Struct("16si20x")
_GONE_S = 4 * RETIRE_MS / 1000  # after this, nothing of an interface that is gone is still on its way
# Words of 64 bits in the shared memory. A block is taken by the one store to _SEQUENCE; the counts that go with it stand
# in one of two places by turns, so that there is no moment at which they do not fit.
_SEQUENCE, _TAKEN, _SKIPPED = 0, 1, 3


class RingStatistics(msgspec.Struct, frozen=True):
    """What a ring saw since it was asked last. `seen` includes `dropped`; `freezes`: how often the ring was full."""

    seen: int
    dropped: int
    freezes: int


def open_rings(
    interfaces: Sequence[str],
    program: bytes,
    *,
    workers: int = 1,
    ring_bytes: int = RING_BYTES,
    block_bytes: int = BLOCK_BYTES,
    snap_length: int = 262_144,
    fanout_group: int | None = None,
) -> list[Ring]:
    """A ring for each of `workers`, of `ring_bytes` each, on `interfaces` (`any`, or none: on all of them).

    The filter `program` decides what comes in, cut at `snap_length` bytes. With several workers each gets whole
    connections, both directions. `fanout_group`: its number; None: one that nobody else has.
    Raises CaptureError, with what helps, and ValueError for what can be no ring.
    """
    if workers < 1:
        raise ValueError("there is at least one worker")
    names = () if ANY in interfaces else tuple(dict.fromkeys(interfaces))
    rings: list[Ring] = []
    try:
        for _ in range(workers):
            rings.append(Ring(names, program, ring_bytes, block_bytes, snap_length, listening=workers == 1))
        if workers > 1:
            group = fanout_group
            for ring in rings:
                group = ring.join(group)
            for ring in rings:  # not before all are in the group: until then each would get everything
                ring.set_filter(program)
    except BaseException:
        for ring in rings:
            ring.close()
        raise
    return rings


class Ring:
    """One ring. Made by `open_rings`; taken from by one process at a time, asked for its counts by others too."""

    def __init__(
        self, names: Sequence[str], program: bytes, ring_bytes: int, block_bytes: int, snap_length: int, listening: bool
    ) -> None:
        self.source = ",".join(names) or ANY
        self._name = name_for_people(self.source)
        self._names = names
        self._snap_length = snap_length
        self._block_length, self._blocks = _blocks(ring_bytes, block_bytes)
        self._socket = _open_socket(self._name)
        self._told_skipped = 0
        self._missing: frozenset[str] = frozenset()
        self._gone_at: float | None = None
        self._look_at = 0.0
        try:
            self._indexes = [self._found_index(name) for name in names]
            self.set_filter(program if listening else NOTHING)
            self._mapping = self._map()
            self._bind()
        except BaseException:
            self._socket.close()
            raise
        self._ring = memoryview(self._mapping)
        self._words = self._ring.cast("I")
        self._sequences = self._ring.cast("Q")
        self._walk = RingWalk(self._ring, self._block_length)
        self._shared = memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("Q")
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)

    @property
    def taken(self) -> int:
        """How many packets were taken, by whichever process."""
        return self._shared[_TAKEN + (self._shared[_SEQUENCE] & 1)]

    @property
    def skipped(self) -> int:
        """How many could not be taken, as their headers in the ring are not what they should be: part of `dropped`."""
        return self._shared[_SKIPPED + (self._shared[_SEQUENCE] & 1)]

    @property
    def missing(self) -> frozenset[str]:
        """The interfaces that are gone, as far as `take` has noticed. When all are, it raises."""
        return self._missing

    def fileno(self) -> int:
        """The socket, readable when there is a block to take."""
        return self._socket.fileno()

    def take(self, timeout_s: float) -> PacketBatch | None:
        """The packets of the next block; None when none has come after `timeout_s`.

        Goes on when an interface is down, as it may come up again. Raises CaptureError when it is gone, and what it
        brought has been taken.
        """
        now = time.monotonic()
        deadline = now + timeout_s
        if self._names and now >= self._look_at:
            self._look(now)
        while True:
            batch = self._next()
            if batch is not None:
                return batch
            now = time.monotonic()
            if self._gone_at is not None and now >= self._gone_at + _GONE_S:
                raise CaptureError(f"{self._name}: the interface is gone")
            events = self._poll.poll(max(deadline - now, 0) * 1000)
            if not events:
                return None
            if events[0][1] & ~select.POLLIN:
                self._check_failure()
            elif now >= deadline and not self._is_ours(self._position()):
                return None

    def statistics(self) -> RingStatistics:
        """What came in and what was lost since this was asked last: asking sets the kernel's counts to zero."""
        data = self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, _STATISTICS.size)
        seen, dropped, freezes = _STATISTICS.unpack(data)
        skipped = self.skipped
        dropped += skipped - self._told_skipped
        self._told_skipped = skipped
        return RingStatistics(seen, dropped, freezes)

    def set_filter(self, program: bytes) -> None:
        """What comes in from now on, instead of what came in until now; needs no privilege."""
        if self._indexes and len(self._indexes) > 1:
            program = of_interfaces(program, self._indexes)
        program = cut_at(program, self._snap_length)
        instructions = ctypes.create_string_buffer(program, len(program))
        option = struct.pack("@HP", len(program) // 8, ctypes.addressof(instructions))
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, option)
        except OSError as error:
            reason = error.strerror
            if error.errno == errno.ENOMEM:
                reason = "the filter is too long for this kernel; name fewer ports, or ranges, or raise net.core.optmem_max"
            raise CaptureError(f"{self._name}: {reason}") from None

    def resume(self) -> None:
        """Goes on in this process, behind the last block that was taken in another one, whatever ended it."""
        taken = self._shared[_SEQUENCE]
        for position in range(0, self._block_length * self._blocks, self._block_length):
            # Copied and counted, but not handed back any more.
            if self._is_ours(position) and self._sequences[(position >> 3) + 3] <= taken:
                self._hand_back(position)

    def waiting(self) -> int:
        """How many packets are in blocks that have been handed over and not been taken."""
        taken = self._shared[_SEQUENCE]
        packets = 0
        for position in range(0, self._block_length * self._blocks, self._block_length):
            if self._is_ours(position) and self._sequences[(position >> 3) + 3] > taken:
                packets += self._words[(position >> 2) + 3]
        return packets

    def close(self) -> None:
        """Ends it in this process; a second time does nothing. The kernel's memory goes with the last process."""
        self._socket.close()

    def join(self, group: int | None) -> int:
        """Shares what comes in with the other rings of the fanout group; None: of a new group. Its number."""
        kind = _FANOUT_HASH | _FANOUT_DEFRAGMENT
        if group is None:
            group, kind = 0, kind | _FANOUT_UNIQUE
        try:
            self._socket.setsockopt(_SOL_PACKET, _PACKET_FANOUT, struct.pack("=I", kind << 16 | group & 0xFFFF))
        except OSError as error:
            raise CaptureError(f"{self._name}: cannot be shared by several workers: {error.strerror}") from None
        joined: int = self._socket.getsockopt(_SOL_PACKET, _PACKET_FANOUT) & 0xFFFF
        return joined

    # --- blocks

    def _position(self) -> int:
        """Where the next block is: they are numbered from 1 on, and follow each other round and round."""
        position: int = self._shared[_SEQUENCE] % self._blocks * self._block_length
        return position

    def _is_ours(self, position: int) -> bool:
        return bool(self._words[(position >> 2) + 2] & _USER)

    def _next(self) -> PacketBatch | None:
        """The next block with packets, copied and handed back."""
        while True:
            position = self._position()
            if not self._is_ours(position):
                return None
            _order_memory()
            batch = self._walk.batch(position, self.taken + 1, self.source)
            self._count(self._sequences[(position >> 3) + 3], len(batch), self._walk.skipped)
            self._hand_back(position)
            if len(batch):
                return batch

    def _count(self, sequence: int, packets: int, skipped: int) -> None:
        """Says to all processes that this block was taken."""
        shared = self._shared
        before, after = shared[_SEQUENCE] & 1, sequence & 1
        shared[_TAKEN + after] = shared[_TAKEN + before] + packets
        shared[_SKIPPED + after] = shared[_SKIPPED + before] + skipped
        _order_memory()
        shared[_SEQUENCE] = sequence

    def _hand_back(self, position: int) -> None:
        _order_memory()
        self._words[(position >> 2) + 2] = _KERNEL

    # --- interfaces

    def _look(self, now: float) -> None:
        """Whether the interfaces are still there, and are the same."""
        self._look_at = now + LOOK_INTERVAL
        pairs = zip(self._names, self._indexes, strict=True)
        self._missing = frozenset(name for name, index in pairs if self._index(name) != index)
        if len(self._missing) < len(self._names):
            self._gone_at = None
        elif self._gone_at is None:
            self._gone_at = now

    def _check_failure(self) -> None:
        """An interface that went down may come up again, and its packets with it."""
        failure = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failure not in (0, errno.ENETDOWN):
            raise CaptureError(f"{self._name}: {os.strerror(failure)}")
        self._look(time.monotonic())

    def _found_index(self, name: str) -> int:
        index = self._index(name)
        if index is None:
            names = ", ".join(other for _, other in socket.if_nameindex())
            raise CaptureError(f"{name_for_people(name)}: no such interface (there are {names}, and {ANY} for all)")
        return index

    def _index(self, name: str) -> int | None:
        """The number of the interface in the network namespace of the socket, which need not be that of the process."""
        import fcntl  # not everywhere

        encoded = os.fsencode(name)
        if not 0 < len(encoded) < 16 or b"\0" in encoded:
            return None
        try:
            answer = fcntl.ioctl(self._socket, _SIOCGIFINDEX, _INTERFACE_REQUEST.pack(encoded, 0))
        except OSError:
            return None
        index: int = _INTERFACE_REQUEST.unpack(answer)[1]
        return index

    # --- opening

    def _map(self) -> mmap.mmap:
        length = self._block_length * self._blocks
        request = _REQUEST.pack(self._block_length, self._blocks, _FRAME_LENGTH, length // _FRAME_LENGTH, RETIRE_MS, 0, 0)
        try:
            self._socket.setsockopt(_SOL_PACKET, _PACKET_VERSION, _TPACKET_V3)
            self._socket.setsockopt(_SOL_PACKET, _PACKET_RX_RING, request)
            return mmap.mmap(self._socket.fileno(), length)
        except OSError as error:
            reason = f"no capture ring of {length >> 10} KiB: {error.strerror}"
            if error.errno in (errno.ENOPROTOOPT, errno.EINVAL):
                reason = "this kernel has no capture ring (TPACKET_V3); wsobserve has another source: --source portable"
            raise CaptureError(f"{self._name}: {reason}") from None

    def _bind(self) -> None:
        """To the one interface, or to all of them, which the filter then tells apart."""
        try:
            _bind(self._socket, self._indexes[0] if len(self._indexes) == 1 else 0)
        except OSError as error:
            raise CaptureError(f"{self._name}: {error.strerror}") from None
        failure = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failure == errno.ENETDOWN:
            raise CaptureError(f"{self._name}: the interface is down; bring it up: sudo ip link set {self._name} up")
        if failure:
            raise CaptureError(f"{self._name}: {os.strerror(failure)}")


def _blocks(ring_bytes: int, block_bytes: int) -> tuple[int, int]:
    """Length and number of the blocks: at least four of them, each a power of two of whole pages."""
    if ring_bytes < 4 * mmap.PAGESIZE or block_bytes < mmap.PAGESIZE:
        raise ValueError(f"a capture ring has at least 4 blocks of {mmap.PAGESIZE} bytes")
    length = mmap.PAGESIZE
    while 2 * length <= block_bytes and 8 * length <= ring_bytes:
        length *= 2
    return length, ring_bytes // length


def _open_socket(name: str) -> socket.socket:
    if not hasattr(socket, "AF_PACKET"):
        raise CaptureError(f"{name}: a capture ring needs Linux")
    try:
        return socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
    except PermissionError:
        raise CaptureError(missing_net_raw(name)) from None
    except OSError as error:
        raise CaptureError(f"{name}: {error.strerror}") from None


def _bind(packet_socket: socket.socket, index: int) -> None:
    """Binds to the interface `index` for all protocols. Python's own bind cannot say 0, all interfaces."""
    address = struct.pack("=HHiHBB8x", socket.AF_PACKET, socket.htons(_ETH_P_ALL), index, 0, 0, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.bind(packet_socket.fileno(), address, len(address)):
        failure = ctypes.get_errno()
        raise OSError(failure, os.strerror(failure))


def _order_memory() -> None:
    """Everything before this has been read and written before anything behind it, on every processor.

    Taking a lock keeps what follows behind it, giving it back keeps what came before in front of it; twice, so that
    nothing of the one can meet the other in between. A lock of our own, which no fork can leave locked.
    """
    lock = threading.Lock()
    with lock:
        pass
    with lock:
        pass
