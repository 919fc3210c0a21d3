"""Packets of live interfaces where there is no ring, through scapy: libpcap, Npcap, or the system's own packet sockets.

For machines of developers: macOS, Windows, and Linux without TPACKET_V3. A packet costs many times what it costs in a
ring, and what the system lost is known only where it tells: see `drops_known`. Needs the extra [live].
"""

from __future__ import annotations

import importlib.util
import struct
import sys
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any

from wsobserve.capture.error import CaptureError, name_for_people
from wsobserve.capture.expression import find_library
from wsobserve.capture.filter import Ports, port_ranges
from wsobserve.capture.ring import ANY
from wsobserve.records import CaptureLoss, PacketBatch

TICK = 0.1  # seconds: a batch is given out at least this often
STATISTICS_INTERVAL = 1.0  # seconds
BATCH_LENGTH = 128 * 1024
LONGEST_PACKET = 65_535  # that scapy takes
_AT_ONCE = 64  # packets of one interface in a row
_SOL_PACKET, _PACKET_STATISTICS, _PACKET_IGNORE_OUTGOING = 263, 6, 23

_Packet = tuple[int, bytes, int, int]  # link type, bytes, length on the wire, time


class PortableSource:
    """The packets of `interfaces` (`any`, or none: of all that are up), from and to TCP `ports`, as `LiveSource` has them.

    `expression`: of pcap-filter(7), beside the ports. `delivered` packets were given out, `dropped` were lost as far as
    the system says so, `seen` are both. `drops_known`: whether it says so for every interface.
    """

    def __init__(
        self, interfaces: Sequence[str], ports: Ports = (), snap_length: int = LONGEST_PACKET, *, expression: str = ""
    ) -> None:
        if snap_length < 64:
            raise ValueError("a snap length below 64 bytes cuts the headers off")
        words = filter_words(ports, expression)
        if importlib.util.find_spec("scapy") is None:
            raise CaptureError("capturing without a ring needs scapy: pip install 'wsobserve[live]'")
        from scapy.all import conf, get_working_ifaces

        conf.use_pcap = find_library() is not None  # faster than what scapy does itself, and tells drops
        self.delivered = 0
        self.dropped = 0
        self.source = ",".join(interfaces) or ANY
        self._snap_length = snap_length
        names = [str(each.name) for each in get_working_ifaces()] if not interfaces or ANY in interfaces else interfaces
        self._taps: list[_Tap] = []
        try:
            for name in names:
                self._taps.append(_Tap(name, words))
        except BaseException:
            self.close()
            raise
        if not self._taps:
            raise CaptureError("there is no interface that can be captured")
        self.drops_known = all(tap.newly_dropped() is not None for tap in self._taps)

    @property
    def seen(self) -> int:
        """What was given out and what is known to be lost."""
        return self.delivered + self.dropped

    def __enter__(self) -> PortableSource:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Ends the capture; a second time does nothing."""
        for tap in self._taps:
            tap.socket.close()
        self._taps = []

    def batches(self, stop: Callable[[], bool]) -> Iterator[PacketBatch | CaptureLoss | None]:
        """Batches as they come, at least one each 100 ms while there are packets, and what is known to be lost.

        None when 100 ms went by without a packet. Once `stop()` is true, what comes in another 100 ms is given out, as
        the system may hold packets back for so long, and the iterator ends. Raises CaptureError when an interface is gone.
        """
        statistics_at = time.monotonic() + STATISTICS_INTERVAL
        while not stop():
            batches = self._receive(time.monotonic() + TICK)
            yield from batches
            if not batches:
                yield None
            if time.monotonic() >= statistics_at:
                statistics_at += STATISTICS_INTERVAL
                yield from self._losses()
        yield from self._receive(time.monotonic() + TICK)
        yield from self._losses()

    def _receive(self, deadline: float) -> list[PacketBatch]:
        """What comes until `deadline`, or until it is enough: a batch for each kind of link."""
        packets: list[_Packet] = []
        length = 0
        while length < BATCH_LENGTH and (wait := deadline - time.monotonic()) > 0:
            for tap in self._ready(wait):
                for packet in tap.packets():
                    packets.append(packet)
                    length += len(packet[1])
        batches = []
        for link_type in dict.fromkeys(packet[0] for packet in packets):
            batch = self._batch(link_type, [packet for packet in packets if packet[0] == link_type])
            self.delivered += len(batch)
            batches.append(batch)
        return batches

    def _ready(self, wait: float) -> list[_Tap]:
        """The taps from which something can be read, at the latest after `wait` seconds."""
        sockets = [tap.socket for tap in self._taps]
        try:
            ready = sockets[0].select(sockets, wait)
        except (OSError, ValueError) as error:
            raise CaptureError(f"{name_for_people(self.source)}: {error}") from None
        return [tap for tap in self._taps if tap.socket in ready]

    def _batch(self, link_type: int, packets: list[_Packet]) -> PacketBatch:
        batch = PacketBatch(b"", array("q"), array("q"), array("q"), array("q"), link_type, self.delivered + 1, self.source)
        pieces = []
        position = 0
        for _, data, original, time_ns in packets:
            piece = data[: self._snap_length]
            pieces.append(piece)
            batch.offsets.append(position)
            batch.captured_lengths.append(len(piece))
            batch.original_lengths.append(max(original, len(data)))
            batch.times_ns.append(time_ns)
            position += len(piece)
        batch.buffer = b"".join(pieces)
        return batch

    def _losses(self) -> Iterator[CaptureLoss]:
        for tap in self._taps:
            lost = tap.newly_dropped()
            if lost:
                self.dropped += lost
                yield CaptureLoss(source=tap.name, reason="kernel_dropped", packets=lost, time_ns=time.time_ns())


class _Tap:
    """One interface, as scapy opens it."""

    def __init__(self, name: str, words: str) -> None:
        from scapy.all import Scapy_Exception, conf

        self.name = name
        self._link_types = conf.l2types.layer2num
        self._told = 0
        try:
            self.socket: Any = conf.L2listen(iface=name, filter=words or None, promisc=False)
        except PermissionError:
            raise CaptureError(f"{name_for_people(name)}: capturing is not allowed; {_remedy()}") from None
        except (OSError, ValueError, Scapy_Exception) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            if "permi" in reason.lower():
                reason += f"; {_remedy()}"
            raise CaptureError(f"{name_for_people(name)}: {reason}") from None
        wrapper = getattr(self.socket, "pcap_fd", None)
        self._pcap = wrapper if hasattr(wrapper, "pcap") else None
        if self._pcap is not None:
            self._pcap.setnonblock(True)
        elif sys.platform == "linux":
            self.socket.ins.setblocking(False)
            if name == "lo":  # which shows each packet going out and coming in
                self.socket.ins.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)

    def packets(self) -> Iterator[_Packet]:
        """Some of those that are there."""
        for _ in range(_AT_ONCE if self._pcap is not None or sys.platform == "linux" else 1):
            try:
                layer, data, seconds = self.socket.recv_raw(LONGEST_PACKET)
            except BlockingIOError:
                return
            except OSError as error:
                raise CaptureError(f"{name_for_people(self.name)}: {error.strerror or error}") from None
            if data is None:
                return
            link_type = self._link_types.get(layer)
            if link_type is None:
                raise CaptureError(f"{name_for_people(self.name)}: its kind of link is not known")
            original = self._pcap.header.contents.len if self._pcap is not None else len(data)
            yield link_type, data, original, int((seconds or time.time()) * 1_000_000_000)

    def newly_dropped(self) -> int | None:
        """How many packets were lost since this was asked last; None where nobody says."""
        if self._pcap is not None:
            total = _dropped_by_libpcap(self._pcap.pcap)
        elif hasattr(self.socket, "get_stats"):  # BSD, macOS
            total = self.socket.get_stats()[1]
        elif sys.platform == "linux":
            _, lost = struct.unpack("=II", self.socket.ins.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8))
            return int(lost)  # asking sets it to zero
        else:
            return None
        if total is None:
            return None
        lost = total - self._told & 0xFFFFFFFF
        self._told = total
        return int(lost)


def _dropped_by_libpcap(handle: Any) -> int | None:
    """struct pcap_stat: received, dropped for want of room, dropped by the interface."""
    from ctypes import byref

    from scapy.libs.winpcapy import pcap_stat, pcap_stats

    counts = pcap_stat()
    return int(counts.ps_drop) if pcap_stats(handle, byref(counts)) == 0 else None


def filter_words(ports: Ports, expression: str) -> str:
    """The filter for libpcap, in words: `expression`, and TCP from and to `ports` with its later IP fragments."""
    words = f"({expression})" if expression.strip() else ""
    ranges = port_ranges(ports)
    if not ranges:
        return words
    listed = " or ".join(f"port {a}" if a == b else f"portrange {a}-{b}" for a, b in ranges)
    own = f"(tcp and ({listed})) or (ip proto 6 and ip[6:2] & 0x1fff != 0)"
    return f"{words} and ({own})" if words else own


def _remedy() -> str:
    if sys.platform == "darwin":
        return "run with sudo, or give yourself /dev/bpf* (Wireshark's ChmodBPF does)"
    if sys.platform == "win32":
        return "install Npcap, and run as administrator if it was installed for administrators only"
    return "run as root, or with the capability CAP_NET_RAW"
