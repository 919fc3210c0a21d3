"""The endpoints of a TCP connection as the packet has them: what they are called, and who looks after them.

A *key* is the bytes of the source address, the destination address, the source port and the destination port.
"""

from __future__ import annotations

import ipaddress
from hashlib import blake2b

from wsobserve.config import PARTITIONS
from wsobserve.excerpt import excerpt

WORDS = 65_535  # the sum of 16-bit words is taken modulo this, as in the checksum of RFC 1071
SHARES = PARTITIONS
SPREAD = 40_503  # of 65,536 the golden section: ports in a row come to different partitions


def opposite(key: bytes) -> bytes:
    """The key of the other direction."""
    ports = len(key) - 4
    half = ports >> 1
    source, destination = excerpt(key, 0, half), excerpt(key, half, ports)
    return destination + source + excerpt(key, ports + 2, ports + 4) + excerpt(key, ports, ports + 2)


def partition_of(buffer: bytes, addresses: int, length: int, ports: int) -> int:
    """The partition of a connection: the same for both directions, in every process, compiled or not.

    `buffer` has both addresses, `length` bytes together, from `addresses` on, and both ports from `ports` on.
    """
    total = 0
    if COMPILED:
        end = addresses + length
        while addresses < end:
            total += buffer[addresses] << 8 | buffer[addresses + 1]
            addresses += 2
        total += (buffer[ports] << 8 | buffer[ports + 1]) + (buffer[ports + 2] << 8 | buffer[ports + 3])
        total = (total & 0xFFFF) + (total >> 16)  # modulo 65,535 without a division, twice for the carry
        total = (total & 0xFFFF) + (total >> 16)
        if total == WORDS:
            total = 0
    else:  # 65,536 is 1 modulo 65,535, so a number has the same rest as the sum of its words
        total = int.from_bytes(buffer[addresses : addresses + length], "big") + int.from_bytes(buffer[ports : ports + 4], "big")
        total %= WORDS
    return ((total * SPREAD & 0xFFFF) * SHARES) >> 16


COMPILED = type(partition_of).__name__ != "function"


def connection_id(key: bytes, reverse: bytes, time_ns: int, packet: int) -> str:
    """16 hex digits that depend on the endpoints (in either order) and the first packet alone; `reverse` is `opposite(key)`."""
    seed = min(key, reverse) + time_ns.to_bytes(16, "big", signed=True) + packet.to_bytes(8, "big")
    return blake2b(seed, digest_size=8).hexdigest()


def endpoint_names(key: bytes) -> tuple[str, str, str, str]:
    """Source and destination, `address:port` as tshark writes it, then both again with IPv6 in brackets."""
    half = (len(key) - 4) >> 1
    ports = 2 * half
    source, destination = _address(key[:half]), _address(key[half:ports])
    source_port = key[ports] << 8 | key[ports + 1]
    destination_port = key[ports + 2] << 8 | key[ports + 3]
    plain = f"{source}:{source_port}", f"{destination}:{destination_port}"
    if half == 4:
        return *plain, *plain
    return *plain, f"[{source}]:{source_port}", f"[{destination}]:{destination_port}"


def _address(packed: bytes) -> str:
    if len(packed) == 4:
        return f"{packed[0]}.{packed[1]}.{packed[2]}.{packed[3]}"
    if packed[:12] == b"\x00" * 10 + b"\xff\xff":
        return f"::ffff:{packed[12]}.{packed[13]}.{packed[14]}.{packed[15]}"
    return ipaddress.IPv6Address(packed).compressed
