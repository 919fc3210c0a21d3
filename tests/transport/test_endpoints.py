"""Names and identifiers of connections, from the bytes of their addresses; the rest of it is tested with packets."""

from __future__ import annotations

import pytest

from wsobserve.transport.endpoints import connection_id, endpoint_names, opposite

KEY = bytes.fromhex("0a000001 0a000002 9c40 0050")


def test_the_key_of_the_other_direction_has_everything_exchanged() -> None:
    assert opposite(KEY) == bytes.fromhex("0a000002 0a000001 0050 9c40")
    assert opposite(opposite(KEY)) == KEY


def test_both_directions_have_one_identifier() -> None:
    assert connection_id(KEY, 5, 1) == connection_id(opposite(KEY), 5, 1)
    assert len({connection_id(KEY, 5, 1), connection_id(KEY, 6, 1), connection_id(KEY, 5, 2)}) == 3
    assert len(connection_id(KEY, -1, 1)) == 16


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
