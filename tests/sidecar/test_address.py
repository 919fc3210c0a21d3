"""Addresses of the health endpoint."""

from __future__ import annotations

import pytest

from wsobserve.sidecar.address import Address, parse_address

pytestmark = pytest.mark.build_independent


def test_addresses() -> None:
    assert parse_address("127.0.0.1:9464") == Address("127.0.0.1", 9464)
    assert parse_address("[::1]:0") == Address("::1", 0)
    assert parse_address("localhost:80") == Address("localhost", 80)
    assert parse_address("unix:/run/wsobserve.sock") == Address(path="/run/wsobserve.sock")
    assert parse_address("off") is None


@pytest.mark.parametrize(
    "text",
    ["", "9464", ":9464", "127.0.0.1", "127.0.0.1:", "h:65536", "h:-1", "::1:80", "unix:", "unix:run", "http://h:1", "a b:1"],
)
def test_no_addresses(text: str) -> None:
    with pytest.raises(ValueError):
        parse_address(text)


def test_a_path_that_no_socket_can_have() -> None:
    with pytest.raises(ValueError):
        parse_address("unix:/" + "a" * 107)


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("127.0.0.1:1", True),
        ("127.9.9.9:1", True),
        ("[::1]:1", True),
        ("localhost:1", True),
        ("unix:/x", True),
        ("0.0.0.0:1", False),
        ("[::]:1", False),
        ("10.0.0.1:1", False),
        ("example.org:1", False),
    ],
)
def test_who_can_reach_it(text: str, local: bool) -> None:
    parsed = parse_address(text)
    assert parsed is not None
    assert parsed.is_local is local
