"""Messages that are known by their structure and values: the same is told as when each is looked into, and few are."""

from __future__ import annotations

from typing import Any

import pytest

from tests.schema.drifting import HALVES, RECIPES, any_recipe, bodies, message_of
from wsobserve.config import Limits
from wsobserve.findings import Findings
from wsobserve.payload.stage import Payload
from wsobserve.records import SchemaDrift
from wsobserve.schema.drift import DriftWatch
from wsobserve.tally import Tally


class Tallied:
    """What a pipeline does with messages: by the number where it can, or each as a record."""

    def __init__(self, *, by_number: bool) -> None:
        limits = Limits()
        findings = Findings(limits)
        self.tally = Tally(findings, limits)
        self.tally.open = by_number
        self.schemas = findings.schemas
        self.watch = DriftWatch(self.schemas, limits, self.tally.flush)
        self.tally.drift = self.watch
        self.payload = Payload(limits, structures=True)
        self.sinks = [self.tally.of(half) for half in HALVES]
        self.seen = 0
        self.looked_into = 0

    def see_all(self, stream: list[Any]) -> list[SchemaDrift]:
        found: list[SchemaDrift] = []
        for body in stream:
            self.seen += 1
            side = self.seen % 2
            message = message_of(self.seen, body, side)
            payload = message.payload
            if self.sinks[side].take(message.time_ns, 1, payload, True, len(payload), len(payload)):
                continue
            self.looked_into += 1
            for channel_message in self.payload.receive(message):
                self.schemas.add(channel_message)
                found += self.watch.see(channel_message)
                self.tally.learn(channel_message)
        return found


def planted(name: str) -> list[Any]:
    """A stream with changes of several sorts, some of them again and again."""
    recipe = any_recipe(int(name)) if name.isdigit() else RECIPES[name]()
    stream = bodies(recipe, 2_600, f"forms {name}")
    for number in range(2_100, 2_600, 3):
        body = stream[number]
        if isinstance(body, dict):
            key = sorted(body)[number % len(body)]
            stream[number] = [
                {**body, "more": number},
                {**body, key: f"other{number % 5}"},
                {**body, key: 10.0**9},
                {inner: value for inner, value in body.items() if inner != key},
                {**body, key: None},
            ][number % 5]
        elif isinstance(body, list):
            stream[number] = [[*body, number], body[:-1], [None, *body[1:]], [f"other{number % 5}", *body[1:]], {}][number % 5]
    return stream


@pytest.mark.parametrize("name", [*RECIPES, "1", "2", "3", "4", "5", "6"])
def test_by_the_number_the_same_is_told(name: str) -> None:
    stream = planted(name)
    by_number, each = Tallied(by_number=True), Tallied(by_number=False)
    told = by_number.see_all(stream)
    assert told == each.see_all(stream)
    assert len(told) > 3
    assert each.looked_into == len(stream)
    assert by_number.looked_into < len(stream) or name == "positional"
    assert by_number.watch.places == each.watch.places


def test_where_nothing_is_new_few_messages_are_looked_into() -> None:
    tallied = Tallied(by_number=True)
    stream = bodies(RECIPES["ticker"](), 9_000, "nothing new")
    assert tallied.see_all(stream[:4_500]) == []
    before = tallied.looked_into
    assert tallied.see_all(stream[4_500:]) == []
    assert tallied.looked_into - before < 450
