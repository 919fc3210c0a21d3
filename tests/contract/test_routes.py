"""Which channels of a contract a connection's path is about."""

from __future__ import annotations

import pytest

from wsobserve.contract.routes import channels_of, fits
from wsobserve.contract.terms import Contract, ContractChannel


def contract(*routes: tuple[str, ...]) -> Contract:
    channels = [ContractChannel(name=str(number), address=None, routes=each, messages=()) for number, each in enumerate(routes)]
    return Contract(title="t", language="l", channels=tuple(channels))


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("/", "/"),
        ("/chat", "/chat/"),
        ("/rooms/{room}", "/rooms/{id}"),
        ("/rooms/{room}", "/rooms/lobby"),
        ("/rooms/{id}", "/rooms/{id}"),
        ("/rooms/42", "/rooms/{id}"),  # what the contract writes out is an identifier, too
        ("/ws/{symbol}@trade", "/ws/btcusdt@trade"),
        ("/ws/{symbol}@trade", "/ws/{id}"),  # and so is what it was taken for
        ("/v1/{a}/x", "/v1/things;***/x"),
    ],
)
def test_an_address_fits(address: str, path: str) -> None:
    assert fits(address, path)


@pytest.mark.parametrize(
    ("address", "path"), [("/", "/chat"), ("/chat", "/chats"), ("/rooms/{room}", "/rooms"), ("/rooms/lobby", "/rooms/{id}")]
)
def test_an_address_does_not_fit(address: str, path: str) -> None:
    assert not fits(address, path)


def test_the_most_literal_address_is_meant() -> None:
    made = contract(("/rooms/{room}",), ("/rooms/lobby",))
    assert [each.name for each in channels_of(made, "/rooms/lobby", "/rooms/lobby")] == ["1"]
    assert [each.name for each in channels_of(made, "/rooms/attic", "/rooms/attic")] == ["0"]


def test_several_channels_may_share_an_address_and_some_have_none() -> None:
    made = contract(("/ws",), ("/ws",), ("/other",), ())
    assert [each.name for each in channels_of(made, "/ws", "/ws")] == ["0", "1", "3"]
    assert [each.name for each in channels_of(made, "/nowhere", "/nowhere")] == ["3"]


def test_a_channel_that_a_convention_made_narrower_still_has_its_route() -> None:
    assert [each.name for each in channels_of(contract(("/ws",)), "/ws news", "/ws")] == ["0"]
