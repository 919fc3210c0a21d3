"""Packets of a live Linux interface, through a plain AF_PACKET socket.

The socket is of type SOCK_DGRAM: the kernel takes link header and VLAN tag off and says what follows, the same on
Ethernet, loopback, tunnels and on all interfaces at once. In front of each packet we put the header of Linux cooked
capture that says it too, so all batches have LINKTYPE_LINUX_SLL.

Order of opening: socket of protocol 0 (which receives nothing), filter, buffer, then bind: no packet comes in unfiltered.
Every packet is accounted for: at the end of a capture `seen == delivered + dropped`.
"""

from __future__ import annotations

import ctypes
import errno
import os
import select
import socket
import struct
import sys
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType

from wsobserve.capture.error import CaptureError, name_for_people
from wsobserve.capture.filter import packet_filter
from wsobserve.capture.missing_privilege import missing_net_raw
from wsobserve.records import CaptureLoss, PacketBatch

ANY = "any"  # the name under which all interfaces are captured
LINKTYPE_LINUX_SLL = 113
RECEIVE_BUFFER = 32 * 1024 * 1024  # bytes the kernel holds for us: how long we may be busy with other things
BATCH_LENGTH = 256 * 1024
TICK = 0.1  # seconds: a batch is given out at least this often
STATISTICS_INTERVAL = 1.0  # seconds

_SOL_PACKET, _PACKET_STATISTICS = 263, 6
_SO_ATTACH_FILTER, _SO_RCVBUFFORCE, _SO_TIMESTAMPNS = 26, 33, 35
_ETH_P_ALL = 3
_IPV4, _IPV6 = 0x0800, 0x86DD
_PROTOCOL_BYTES = {_IPV4: b"\x08\x00", _IPV6: b"\x86\xdd"}
_VLAN_PROTOCOLS = frozenset((0x8100, 0x88A8, 0x9100))
_TIMESPEC = struct.Struct("@ll")
_STATISTICS = struct.Struct("=II")
_COOKED_HEADER = struct.Struct(">HHHQH")  # packet type, ARPHRD, no address, protocol
_RECEIVE_FLAGS = socket.MSG_TRUNC | getattr(socket, "MSG_DONTWAIT", 0)  # MSG_TRUNC: tell the whole length


class LiveSource:
    """The packets of `interface` (`any`: of all), from and to TCP `ports` (none: everything), cut at `snap_length` bytes.

    A context manager. Opening raises CaptureError, with what helps, and ValueError for ports that are none.
    `delivered` packets were given out, `dropped` were lost because the kernel's buffer was full, `seen` are both.
    """

    def __init__(self, interface: str, ports: Sequence[int] = (), snap_length: int = 262_144) -> None:
        if snap_length < 64:
            raise ValueError("a snap length below 64 bytes cuts the headers off")
        program = packet_filter(ports)
        self.interface = interface
        self.seen = 0
        self.delivered = 0
        self.dropped = 0
        self._name = name_for_people(interface)
        self._snap_length = snap_length
        self._index = self._interface_index()
        self._socket = self._open(program)
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        self._buffer = bytearray(BATCH_LENGTH + _COOKED_HEADER.size + snap_length)
        self._failure: OSError | None = None  # of the socket, not yet looked into
        self._cooked_headers: dict[tuple[int, int, int], bytes] = {}

    def __enter__(self) -> LiveSource:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Ends the capture; a second time does nothing."""
        self._socket.close()

    def batches(self, stop: Callable[[], bool]) -> Iterator[PacketBatch | CaptureLoss | None]:
        """Batches as they come, at least one each 100 ms while there are packets, and what the kernel dropped.

        None when 100 ms went by without a packet, so that the caller's own clock goes on. Once `stop()` is true,
        what was captured until then is given out, and the iterator ends. Raises CaptureError when the interface is gone.
        """
        statistics_at = time.monotonic() + STATISTICS_INTERVAL
        while not stop():
            yield self._receive(time.monotonic() + TICK)
            if time.monotonic() >= statistics_at:
                statistics_at += STATISTICS_INTERVAL
                yield from self._losses()
        yield from self._losses()
        # What the kernel has counted until now is waiting for us; what comes later is not asked for.
        while (waiting := self.seen - self.dropped - self.delivered) > 0:
            batch = self._receive(0, waiting)
            if batch is None:
                break
            yield batch

    def _receive(self, deadline: float, most: int = sys.maxsize) -> PacketBatch | None:
        """At most `most` packets that come until `deadline` or until the buffer is full; None when nothing came."""
        receive = self._socket.recvmsg_into
        view = memoryview(self._buffer)
        snap_length = self._snap_length
        batch = PacketBatch(
            b"", array("q"), array("q"), array("q"), array("q"), LINKTYPE_LINUX_SLL, self.delivered + 1, self.interface
        )
        position = 0
        while position < BATCH_LENGTH and len(batch) < most:
            start = position + 16
            try:
                length, ancillary, _, address = receive([view[start : start + snap_length]], 64, _RECEIVE_FLAGS)
            except BlockingIOError:
                wait = deadline - time.monotonic()
                if wait <= 0 or not self._poll.poll(wait * 1000):
                    break
                continue
            except OSError as error:
                self._failure = error  # told once; what was received before comes first
                break
            captured = length if length < snap_length else snap_length
            protocol = address[1]
            if protocol in _VLAN_PROTOCOLS or self._buffer[start + 2 : start + 4] == _PROTOCOL_BYTES.get(protocol, b""):
                protocol = first_protocol(bytes(view[start : start + min(length, 6)]), length, protocol)
            key = (address[2], address[3], protocol)  # with packet type and ARPHRD
            view[position:start] = self._cooked_headers.get(key) or self._cooked_header(key)
            batch.offsets.append(position)
            batch.captured_lengths.append(16 + captured)
            batch.original_lengths.append(16 + length)
            batch.times_ns.append(_time_ns(ancillary))
            position = start + captured
            if not len(batch) & 63 and time.monotonic() >= deadline:
                break
        if not len(batch):
            self._check_failure(deadline)
            return None
        batch.buffer = bytes(view[:position])
        self.delivered += len(batch)
        return batch

    def _cooked_header(self, key: tuple[int, int, int]) -> bytes:
        packet_type, hardware_type, protocol = key
        header = self._cooked_headers[key] = _COOKED_HEADER.pack(packet_type, hardware_type, 0, 0, protocol)
        return header

    def _losses(self) -> Iterator[CaptureLoss]:
        """What the kernel dropped since we last asked: asking sets its counters to zero."""
        seen, dropped = _STATISTICS.unpack(self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, _STATISTICS.size))
        self.seen += seen
        self.dropped += dropped
        if dropped:
            yield CaptureLoss(source=self.interface, reason="kernel_dropped", packets=dropped, time_ns=time.time_ns())

    def _check_failure(self, deadline: float) -> None:
        """An interface that went down may come up again, and its packets with it; one that is gone does not."""
        failure, self._failure = self._failure, None
        if failure is None:
            return
        if failure.errno != errno.ENETDOWN:
            raise CaptureError(f"{self._name}: {failure.strerror}")
        try:
            there = self._index == self._interface_index()
        except CaptureError:
            there = False
        if not there:
            raise CaptureError(f"{self._name}: the interface is gone")
        self._poll.poll(max(deadline - time.monotonic(), 0) * 1000)

    def _interface_index(self) -> int:
        """The kernel's number of the interface, 0 for all of them."""
        if not hasattr(socket, "AF_PACKET"):
            raise CaptureError(f"{self._name}: live capture needs Linux")
        if self.interface == ANY:
            return 0
        try:
            return socket.if_nametoindex(self.interface)
        except (OSError, ValueError):
            names = ", ".join(name for _, name in socket.if_nameindex())
            raise CaptureError(f"{self._name}: no such interface (there are {names}, and {ANY} for all)") from None

    def _open(self, program: bytes) -> socket.socket:
        try:
            packet_socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        except PermissionError:
            raise CaptureError(missing_net_raw(self._name)) from None
        except OSError as error:
            raise CaptureError(f"{self._name}: {error.strerror}") from None
        try:
            packet_socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            instructions = ctypes.create_string_buffer(program, len(program))
            packet_socket.setsockopt(
                socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("@HP", len(program) // 8, ctypes.addressof(instructions))
            )
            _enlarge_receive_buffer(packet_socket)
            _bind(packet_socket, self._index)
            failure = packet_socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if failure == errno.ENETDOWN:
                raise CaptureError(f"{self._name}: the interface is down; bring it up: sudo ip link set {self._name} up")
            if failure:
                raise CaptureError(f"{self._name}: {os.strerror(failure)}")
            return packet_socket
        except OSError as error:
            packet_socket.close()
            raise CaptureError(f"{self._name}: {error.strerror}") from None
        except CaptureError:
            packet_socket.close()
            raise


def first_protocol(beginning: bytes, length: int, protocol: int) -> int:
    """The EtherType of what a packet of `length` bytes begins with, where the kernel's word for it may not be that.

    Of a packet with a VLAN tag that was left in it, some kernels name the tag's protocol and others that of what is
    tagged, and the packet begins with the tag when it came in and behind it when it goes out. An IP header is
    known by a length that fits.
    """
    if len(beginning) < 6:
        return protocol
    version = beginning[0] >> 4
    inner = int.from_bytes(beginning[2:4], "big")
    if version == 4 and inner <= length and protocol != _IPV6:  # total length
        return _IPV4
    if version == 6 and int.from_bytes(beginning[4:6], "big") + 40 <= length and protocol != _IPV4:  # payload length
        return _IPV6
    return protocol if protocol in _VLAN_PROTOCOLS else 0x8100


def _time_ns(ancillary: list[tuple[int, int, bytes]]) -> int:
    """When the kernel saw the packet."""
    for _, kind, data in ancillary:
        if kind == _SO_TIMESTAMPNS and len(data) == _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack(data)
            time_ns: int = seconds * 1_000_000_000 + nanoseconds
            return time_ns
    return time.time_ns()


def _enlarge_receive_buffer(packet_socket: socket.socket) -> None:
    """Past the limit of the system when we may (CAP_NET_ADMIN), up to it when not."""
    try:
        packet_socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, RECEIVE_BUFFER)
    except PermissionError:
        packet_socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)


def _bind(packet_socket: socket.socket, index: int) -> None:
    """Binds to the interface `index` for all protocols. Python's own bind cannot say 0, all interfaces."""
    address = struct.pack("=HHiHBB8x", socket.AF_PACKET, socket.htons(_ETH_P_ALL), index, 0, 0, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.bind(packet_socket.fileno(), address, len(address)):
        failure = ctypes.get_errno()
        raise OSError(failure, os.strerror(failure))
