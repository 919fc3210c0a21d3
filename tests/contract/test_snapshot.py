"""What of a contract traffic has shown, and what it has not."""

from __future__ import annotations

from tests.contract.agreed import DOWN, MARKET, TRADE, UP, fold_of, said
from wsobserve.config import Limits
from wsobserve.contract.snapshot import report


def test_nothing_seen_is_all_of_it() -> None:
    found = report(fold_of(MARKET))
    assert (found.contract, found.language, found.messages) == ("Market", "AsyncAPI 3.0.0", 0)
    assert [(each.channel, each.address, each.messages) for each in found.channels] == [
        ("trades", "/{symbol}@trade", 0),
        ("control", "/", 0),
    ]
    assert [(each.operation, each.direction, each.messages) for each in found.operations] == [
        ("sendTrades", DOWN, 0),
        ("onSubscribe", UP, 0),
        ("onSubscribe (reply)", DOWN, 0),
    ]
    trade = found.coverage[0]
    assert (trade.message, trade.properties, trade.members) == ("trade", 5, 3)
    assert (trade.properties_unseen, trade.members_unseen) == ((), ())  # the message itself was not seen, which says it


def test_what_was_not_seen_of_a_message_that_was_is_told_by_name() -> None:
    fold = fold_of(MARKET)
    fold.add(said(TRADE, "/ws/btcusdt@trade"))
    fold.add(said({"method": "SUBSCRIBE", "params": []}, "/ws", UP))
    found = report(fold)
    coverage = {each.message: each for each in found.coverage}
    assert coverage["trade"].properties_unseen == ("/note",)
    assert coverage["trade"].members_unseen == (("/side", '"sell"'),)
    assert coverage["subscribe"].properties_unseen == ("/id",)
    assert coverage["subscribe"].members_unseen == (("/method", '"UNSUBSCRIBE"'),)
    assert [each.messages for each in found.operations] == [1, 1, 0]
    assert [each.messages for each in found.channels] == [1, 1]


def test_messages_that_violate_the_contract_show_nothing() -> None:
    fold = fold_of(MARKET)
    fold.add(said({**TRADE, "p": 1, "note": "x"}, "/ws/btcusdt@trade"))
    trade = report(fold).coverage[0]
    assert (trade.messages, trade.violating) == (0, 1)


def test_names_beyond_the_limit_are_counted() -> None:
    fold = fold_of({"properties": {f"p{number}": {} for number in range(10)}}, limits=Limits(contract_points=3))
    (message,) = report(fold).coverage
    assert (message.properties, message.left_out) == (3, 7)


def test_the_most_frequent_comes_first() -> None:
    fold = fold_of({"type": "object", "properties": {"known": {}}, "additionalProperties": False})
    for name in ("one", "two", "two"):
        fold.add(said({name: 1}))
    assert [(each.path, each.messages) for each in report(fold).violations] == [("/two", 2), ("/one", 1)]
