"""Classic pcap files: a file header, then records of header and packet. Goes in: bytes; comes out: packet batches.

Read as draft-ietf-opsawg-pcap writes it, both byte orders, micro- and nanoseconds, and the "modified" form of
Alexey Kuznetzov's libpcap patch, whose record headers are eight bytes longer.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator

from wsobserve.capture.compression import CaptureBytes
from wsobserve.capture.error import CaptureError
from wsobserve.records import CaptureLoss, PacketBatch

MAXIMUM_LENGTH = 16 * 1024 * 1024  # of one packet: tcpdump and Wireshark stop at 256 KiB; no link carries such a packet
FIRST_READ = 64 * 1024  # enough to know when the capture begins
_FILE_HEADER = 24
# magic number -> nanoseconds per unit of the second time field, bytes of a record header
_VARIANTS = {0xA1B2C3D4: (1000, 16), 0xA1B23C4D: (1, 16), 0xA1B2CD34: (1000, 24)}
MAGICS = {struct.pack(order + "I", magic): (order, *variant) for magic, variant in _VARIANTS.items() for order in "<>"}


def read_pcap(data: CaptureBytes, chunk: int) -> Iterator[PacketBatch | CaptureLoss]:
    """The packets of a classic pcap file, about `chunk` bytes a batch; at last what was cut or damaged, if anything.

    Raises CaptureError when the file ends inside its header.
    """
    header = data.read(_FILE_HEADER, _FILE_HEADER)
    if len(header) < _FILE_HEADER:
        raise CaptureError(f"{data.name}: pcap file cut inside its header")
    order, fraction_ns, header_length = MAGICS[header[:4]]
    # The upper half of the field: length of the frame check sequence and reserved bits, which are to be ignored.
    link_type = struct.unpack_from(order + "I", header, 20)[0] & 0xFFFF
    record_header = struct.Struct(order + "IIII")
    rest = b""
    offset = _FILE_HEADER  # of rest in the file
    packets = 0
    damage: str | None = None
    more = data.read(1, FIRST_READ)
    while more:
        batch = PacketBatch(rest + more, array("q"), array("q"), array("q"), array("q"), link_type, packets + 1, data.source)
        position, wanted, damage = walk_records(batch, record_header, header_length, fraction_ns)
        packets += len(batch)
        offset += position
        if len(batch):
            yield batch
        if damage is not None:
            break
        rest = batch.buffer[position:]
        least = max(wanted - len(rest), 1)
        more = data.read(least, max(chunk, least))
    if damage is not None:
        detail = f"packet {packets + 1} at byte {offset}: {damage}; nothing behind it was read"
        yield CaptureLoss(source=data.source, reason="file_damaged", detail=detail)
    elif rest or data.loss is not None:
        yield end_too_early(data, packets, offset)


def walk_records(
    batch: PacketBatch, header: struct.Struct, header_length: int, fraction_ns: int
) -> tuple[int, int, str | None]:
    """Enters the records of `batch.buffer` into its arrays.

    Returns the position behind the last whole record, how many bytes the next one needs, and what is wrong with it.
    """
    buffer = batch.buffer
    offsets = batch.offsets
    captured_lengths = batch.captured_lengths
    original_lengths = batch.original_lengths
    times_ns = batch.times_ns
    unpack = header.unpack_from
    position = 0
    end = len(buffer)
    while position + header_length <= end:
        seconds, fraction, captured, original = unpack(buffer, position)
        start = position + header_length
        if captured > MAXIMUM_LENGTH:
            return position, 0, f"it cannot hold {captured} bytes"
        if start + captured > end:
            return position, header_length + captured, None
        if not captured and not original and not seconds:
            # Zeros where a writer reserved space and never came to write.
            return position, 0, "a record of zeros"
        offsets.append(start)
        captured_lengths.append(captured)
        original_lengths.append(original)
        times_ns.append(seconds * 1_000_000_000 + fraction * fraction_ns)
        position = start + captured
    return position, header_length, None


def end_too_early(data: CaptureBytes, packets: int, offset: int) -> CaptureLoss:
    """The loss of a file that ends at or behind byte `offset`, where more should be."""
    why, detail = data.loss or ("file_cut", "")
    where = f"cut after packet {packets}, byte {offset}"
    return CaptureLoss(source=data.source, reason=why, detail=f"{where}: {detail}" if detail else where)
