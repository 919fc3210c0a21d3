"""Tunnel headers as bytes: what they carry, and where it starts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsobserve.transport.link import BAD_HEADER, NOT_NETWORK, TOO_SHORT
from wsobserve.transport.tunnel import generic_routing, label_stack, user_datagram


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("0000 0800", (0x0800, 4)),
        ("8000 86dd 00000000", (0x86DD, 8)),
        ("b000 6558 00000000 00000001 00000002", (0x6558, 16)),
        ("0000 88be", (0x6558, 4)),
        ("1000 88be 00000001 1000 0000 00000000", (0x6558, 16)),
        ("1000 22eb 00000001 2000 0000 00000000 0000 0000", (0x6558, 20)),
        ("1000 22eb 00000001 2000 0000 00000000 0000 0001", (0x6558, 28)),
        ("3081 880b 0000 0000 00000001 00000002", (0x880B, 16)),
        ("4000 0800 00000000", (BAD_HEADER, 0)),
        ("0003 0800", (BAD_HEADER, 0)),
        ("0000 08", (TOO_SHORT, 0)),
    ],
)
def test_a_gre_header_says_what_it_carries(header: str, expected: tuple[int, int]) -> None:
    data = bytes.fromhex(header)
    assert generic_routing(data, 0, len(data)) == expected


@pytest.mark.parametrize(
    ("port", "header", "expected"),
    [
        (4789, "08000000 00000500", (0x6558, 8)),
        (4789, "00000000 00000500", (NOT_NETWORK, 0)),
        (4789, "08000000", (TOO_SHORT, 0)),
        (6081, "0000 6558 00000500", (0x6558, 8)),
        (6081, "0200 0800 00000500 0000000000000000", (0x0800, 16)),
        (6081, "4000 0800 00000500", (NOT_NETWORK, 0)),
        (2152, "30 ff 0014 00000001 45", (0x0800, 8)),
        (2152, "32 ff 0018 00000001 0001 00 00 60", (0x86DD, 12)),
        (2152, "34 ff 001c 00000001 0000 00 85 01100500 45", (0x0800, 16)),
        (2152, "34 ff 001c 00000001 0000 00 85 00100500 45", (BAD_HEADER, 12)),
        (2152, "30 01 0000 00000001", (NOT_NETWORK, 0)),
        (53, "30 ff 0014 00000001 45", (NOT_NETWORK, 0)),
    ],
)
def test_a_port_and_a_header_make_a_tunnel(port: int, header: str, expected: tuple[int, int]) -> None:
    data = bytes.fromhex(header)
    assert user_datagram(port, data, 0, len(data)) == expected


ETHERNET = "020000000002 020000000001 0800"


@pytest.mark.parametrize(
    ("stack", "expected"),
    [
        ("00001140 4500 0004", (0x0800, 4)),
        ("00001040 00002140 4500 0004", (0x0800, 8)),
        ("00001140 6000 0000" + "00" * 36, (0x86DD, 4)),
        ("00001140" + ETHERNET, (0x6558, 4)),
        ("00001140 00000000" + ETHERNET, (0x6558, 8)),
        ("00001140 45" + ETHERNET[2:], (0x6558, 4)),
        ("00001140 ffffffff", (NOT_NETWORK, 4)),
        ("00001040", (TOO_SHORT, 4)),
    ],
)
def test_what_follows_a_label_stack_is_told_by_its_looks(stack: str, expected: tuple[int, int]) -> None:
    data = bytes.fromhex(stack)
    assert label_stack(data, 0, len(data)) == expected


@given(st.binary(max_size=60), st.sampled_from([2152, 4789, 6081]))
def test_any_bytes_give_an_answer(data: bytes, port: int) -> None:
    for ethertype, at in (
        generic_routing(data, 0, len(data)),
        label_stack(data, 0, len(data)),
        user_datagram(port, data, 0, len(data)),
    ):
        assert NOT_NETWORK <= ethertype <= 0xFFFF
        assert at >= 0
