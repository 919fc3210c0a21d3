"""Classic pcap files: a file header, then records of header and packet. Goes in: bytes; comes out: packet batches.

Read as draft-ietf-opsawg-pcap writes it, both byte orders, micro- and nanoseconds, and the "modified" form of
Alexey Kuznetzov's libpcap patch, whose record headers are eight bytes longer.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from wsobserve.capture.compression import CaptureBytes
from wsobserve.capture.error import CaptureError
from wsobserve.capture.record_walk import MAXIMUM_LENGTH, RecordWalk
from wsobserve.records import CaptureLoss, PacketBatch

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
    big_endian = order == ">"
    record_header = struct.Struct(order + "IIII")
    walk = RecordWalk()
    rest = b""
    offset = _FILE_HEADER  # of rest in the file
    packets = 0
    least, most = 1, FIRST_READ
    while buffer := data.read(least, most, behind=rest):
        walk.begin(buffer)
        position = 0
        while True:
            position = walk.pcap(position, big_endian, header_length, fraction_ns)
            if not walk.count:
                break
            first_packet = packets + 1
            packets += walk.count
            yield walk.take(link_type, first_packet, data.source)
        offset += position
        wanted, damage = _next_record(buffer, position, record_header, header_length)
        if damage is not None:
            detail = f"packet {packets + 1} at byte {offset}: {damage}; nothing behind it was read"
            yield CaptureLoss(source=data.source, reason="file_damaged", detail=detail)
            return
        rest = buffer[position:]
        least = max(wanted - len(rest), 1)
        most = max(chunk, least)
    if rest or data.loss is not None:
        yield end_too_early(data, packets, offset)


def _next_record(buffer: bytes, position: int, header: struct.Struct, header_length: int) -> tuple[int, str | None]:
    """How many bytes the record at `position` needs, which is not whole; or what is wrong with it."""
    if position + header_length > len(buffer):
        return header_length, None
    seconds, _, captured, original = header.unpack_from(buffer, position)
    if captured > MAXIMUM_LENGTH:
        return 0, f"it cannot hold {captured} bytes"
    if not captured and not original and not seconds:
        # Zeros where a writer reserved space and never came to write.
        return 0, "a record of zeros"
    return header_length + captured, None


def end_too_early(data: CaptureBytes, packets: int, offset: int) -> CaptureLoss:
    """The loss of a file that ends at or behind byte `offset`, where more should be."""
    why, detail = data.loss or ("file_cut", "")
    where = f"cut after packet {packets}, byte {offset}"
    return CaptureLoss(source=data.source, reason=why, detail=f"{where}: {detail}" if detail else where)
