"""Names, identifiers and partitions of connections, from the bytes of their addresses."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsobserve.config import PARTITIONS
from wsobserve.transport.endpoints import connection_id, endpoint_names, opposite, partition_of

KEY = bytes.fromhex("0a000001 0a000002 9c40 0050")


def test_the_key_of_the_other_direction_has_everything_exchanged() -> None:
    assert opposite(KEY) == bytes.fromhex("0a000002 0a000001 0050 9c40")
    assert opposite(opposite(KEY)) == KEY


def test_both_directions_have_one_identifier() -> None:
    reverse = opposite(KEY)
    identifier = connection_id(KEY, reverse, 5, 1)
    assert connection_id(reverse, KEY, 5, 1) == identifier
    assert identifier not in (connection_id(KEY, reverse, 6, 1), connection_id(KEY, reverse, 5, 2))
    assert len(connection_id(KEY, reverse, -1, 1)) == 16


@pytest.mark.parametrize(
    ("source", "destination", "names"),
    [
        ("0a000001", "0a000002", ("10.0.0.1:1", "10.0.0.2:80", "10.0.0.1:1", "10.0.0.2:80")),
        (
            "fe800000000000000000000000000001",
            "00000000000000000000000000000001",
            ("fe80::1:1", "::1:80", "[fe80::1]:1", "[::1]:80"),
        ),
        (
            "00000000000000000000ffff0a000001",
            "20010db8000000010000000000000000",
            ("::ffff:10.0.0.1:1", "2001:db8:0:1:::80", "[::ffff:10.0.0.1]:1", "[2001:db8:0:1::]:80"),
        ),
    ],
)
def test_addresses_are_written_as_others_write_them(source: str, destination: str, names: tuple[str, ...]) -> None:
    assert endpoint_names(bytes.fromhex(source + destination + "00010050")) == names


def partition(key: bytes) -> int:
    return partition_of(key, 0, len(key) - 4, len(key) - 4)


@given(st.binary(min_size=12, max_size=12) | st.binary(min_size=36, max_size=36), st.binary(max_size=8))
def test_both_directions_are_in_one_partition_wherever_they_lie_in_a_packet(key: bytes, between: bytes) -> None:
    assert 0 <= partition(key) < PARTITIONS
    assert partition(key) == partition(opposite(key))
    addresses = len(key) - 4
    packet = b"front" + key[:addresses] + between + key[addresses:] + b"behind"
    assert partition_of(packet, 5, addresses, 5 + addresses + len(between)) == partition(key)


def test_partitions_are_the_same_in_every_version() -> None:
    """Workers of one capture may be different builds, on different machines."""
    keys = [KEY, KEY[:11] + b"\x51", b"\xff" * 12, bytes(12), bytes(range(36)), b"\xff" * 36]
    assert [partition(key) for key in keys] == [5, 2, 0, 0, 4, 0]


@pytest.mark.parametrize("step", [1, 2, 3, 7])
def test_clients_in_a_row_are_spread_evenly(step: int) -> None:
    ports = Counter(partition(KEY[:8] + (32768 + step * i).to_bytes(2, "big") + KEY[10:]) for i in range(800))
    assert len(ports) == PARTITIONS
    assert max(ports.values()) <= 140
