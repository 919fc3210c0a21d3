"""Link headers as bytes: where the network layer starts, and which it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsobserve.transport.link import BAD_HEADER, NOT_NETWORK, TOO_SHORT, UNKNOWN_LINK_TYPE, network_layer

LINK_TYPES = [0, 1, 9, 12, 14, 50, 51, 101, 104, 105, 108, 113, 117, 127, 219, 228, 229, 239, 258, 276]


@pytest.mark.parametrize(
    ("link_type", "header", "expected"),
    [
        (1, "", (0x6558, 0)),
        (101, "45", (0x0800, 0)),
        (101, "60", (0x86DD, 0)),
        (101, "00", (BAD_HEADER, 0)),
        (0, "02000000", (0x0800, 4)),
        (0, "00000018", (0x86DD, 4)),
        (0, "07000000", (NOT_NETWORK, 4)),
        (113, "0000 0001 0006 0a0b0c0d0e0f 0000 0800", (0x0800, 16)),
        (113, "0000 0001 0006 0a0b0c0d0e0f 0000 0001", (NOT_NETWORK, 16)),
        (113, "0000 0001 0006 0a0b0c0d0e0f 0000 0004 aaaa03000000 86dd", (0x86DD, 24)),
        (276, "86dd 0000 00000003 0001 00 06 0a0b0c0d0e0f 0000", (0x86DD, 20)),
        (239, "02 00 0000 0800 0100 08000000 0400 0900", (0x0800, 16)),
        (239, "0a 00 0000 0008 0001 00000008 0004 0009", (0x86DD, 16)),
        (239, "02 00 0000 0300 0100", (BAD_HEADER, 4)),
        (239, "02 00 0000 0800 0100 08000000", (TOO_SHORT, 12)),
        (104, "0f00 0800", (0x0800, 4)),
        (9, "ff03 0057", (0x86DD, 4)),
        (9, "c021", (NOT_NETWORK, 2)),
        (51, "1100 0001 0016 0021", (0x0800, 8)),
        (105, "0802 0000 000000000000 000000000000 000000000000 0000 aaaa03000000 0800", (0x0800, 32)),
        (105, "0842 0000 000000000000 000000000000 000000000000 0000 aaaa03000000 0800", (NOT_NETWORK, 0)),
        (105, "8000 0000 000000000000 000000000000 000000000000 0000", (NOT_NETWORK, 0)),
        (127, "0000 0a00 0000 0000 0000 0802 0000" + "00" * 20 + "aaaa03000000 0800", (0x0800, 42)),
        (258, "0c000000 01000000 02010000", (BAD_HEADER, 0)),
        (9999, "00", (UNKNOWN_LINK_TYPE, 0)),
    ],
)
def test_a_link_header_says_what_it_carries(link_type: int, header: str, expected: tuple[int, int]) -> None:
    data = bytes.fromhex(header)
    assert network_layer(link_type, data, 0, len(data)) == expected


@given(st.sampled_from(LINK_TYPES), st.binary(max_size=60), st.integers(0, 20))
def test_any_bytes_give_an_answer(link_type: int, data: bytes, offset: int) -> None:
    offset = min(offset, len(data))
    ethertype, at = network_layer(link_type, data, offset, len(data))
    assert UNKNOWN_LINK_TYPE <= ethertype <= 0xFFFF
    assert at >= offset
