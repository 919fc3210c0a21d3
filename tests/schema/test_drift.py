"""Drift: each planted change is told at the very message where it first shows, and of what stays as it is nothing is told."""

from __future__ import annotations

import copy
import importlib.util
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import pytest

from tests.schema.drifting import RECIPES, Watching, any_recipe, bodies, maybe, message_of
from wsobserve.config import Limits
from wsobserve.records import ChannelMessage

LEARNT = 3_500
PLANTED = 17  # messages after those that are learnt
CORPUS = Path(__file__).resolve().parents[3] / "shared" / "bench" / "schema" / "corpus.py"
Change = Callable[[Any], Any]


@cache
def learnt(name: str) -> tuple[Watching, list[Any]]:
    """A watch that has seen a stream for a while, and how it goes on."""
    stream = bodies(RECIPES[name](), LEARNT + 600, f"planted in {name}")
    watching = Watching()
    assert watching.see_all(stream[:LEARNT]) == []
    return watching, stream[LEARNT:]


def at(*path: str | int, value: Any) -> Change:
    """Puts a value there, or what a function makes of the one that is there."""

    def changed(body: Any) -> Any:
        body = copy.deepcopy(body)
        inner = body
        for key in path[:-1]:
            inner = inner[key]
        if isinstance(inner, list) and path[-1] == len(inner):
            inner.append(value)
        else:
            inner[path[-1]] = value(inner[path[-1]]) if callable(value) else value
        return body

    return changed


def without(*path: str | int) -> Change:
    def changed(body: Any) -> Any:
        body = copy.deepcopy(body)
        inner = body
        for key in path[:-1]:
            inner = inner[key]
        del inner[path[-1]]
        return body

    return changed


def of(key: str | int, value: Any) -> Callable[[Any], bool]:
    return lambda body: (body[key] if isinstance(key, int) or key in body else None) == value


def has(key: str) -> Callable[[Any], bool]:
    return lambda body: key in body


OPEN = {"state": "open"}
GONE = {"x1": {"state": "gone", "since": "2026-01-01T00:00:00.5Z"}}
SIZELESS = {"sort": "file", "url": "https://b.example/1", "name": "n"}

# stream, which of its messages, what is done to one, what is told
TABLE: list[tuple[str, Callable[[Any], bool], Change, str, str]] = [
    ("ticker", of("type", "trade"), at("type", value="cancelled"), "new_kind", ""),
    ("ticker", of("type", "trade"), at("venue", value="north"), "new_field", "/venue"),
    ("ticker", of("type", "trade"), at("size", value="12"), "new_type", "/size"),
    ("ticker", of("type", "trade"), at("size", value=1.5), "new_type", "/size"),
    ("ticker", of("type", "trade"), at("size", value=None), "new_type", "/size"),
    ("ticker", of("type", "trade"), at("state", value="paused"), "new_member", "/state"),
    ("ticker", of("type", "trade"), at("price", value="about 7"), "format_broken", "/price"),
    ("ticker", of("type", "trade"), at("size", value=5_000), "range_exceeded", "/size"),
    ("ticker", of("type", "trade"), without("price"), "field_missing", "/price"),
    ("ticker", of("type", "book"), at("bids", value=[{"price": "1.25", "size": 3, "own": True}]), "new_field", "/bids/*/own"),
    ("ticker", of("type", "book"), at("bids", value=[{"price": "1.25"}]), "field_missing", "/bids/*/size"),
    ("ticker", of("type", "book"), at("bids", value={}), "new_type", "/bids"),
    ("ticker", of("type", "book"), at("share", value=-400.0), "range_exceeded", "/share"),
    ("remote", of("method", "getBalance"), at("method", value="getCode"), "new_kind", ""),
    ("remote", of("method", "getBalance"), at("params", 1, value="safe"), "new_member", "/params/1"),
    ("remote", of("method", "getBalance"), at("params", 0, value="everybody"), "format_broken", "/params/0"),
    ("remote", of("method", "getBalance"), at("params", 2, value=True), "new_field", "/params/2"),
    ("remote", of("method", "getBalance"), without("params", 1), "field_missing", "/params/1"),
    ("remote", of("method", "getBalance"), at("id", value="seven"), "new_type", "/id"),
    ("remote", of("method", "subscription"), at("params", "result", "size", value=1), "new_field", "/params/result/size"),
    ("remote", of("method", "subscription"), without("params", "subscription"), "field_missing", "/params/subscription"),
    ("positional", of(0, "said"), at(0, value="shouted"), "new_kind", ""),
    ("positional", of(0, "said"), at(1, "name", value="x"), "new_field", "/1/name"),
    ("positional", of(0, "said"), at(1, "id", value="me"), "format_broken", "/1/id"),
    ("positional", of(0, "said"), at(3, value="yesterday"), "format_broken", "/3"),
    ("positional", of(0, "said"), at(4, value=0), "new_field", "/4"),
    ("positional", of(0, "said"), without(3), "field_missing", "/3"),
    ("positional", of(0, "moved"), at(2, value=7_000.0), "range_exceeded", "/2"),
    ("positional", of(0, "moved"), at(1, value="north"), "new_type", "/1"),
    ("positional", of(0, "typing"), at(3, value="watch"), "new_member", "/3"),
    ("positional", of(0, "typing"), lambda body: {"typing": True}, "new_kind", ""),
    ("untagged", has("latitude"), at("speed", value=3), "new_field", "/speed"),
    ("untagged", has("latitude"), at("device", value=7), "new_type", "/device"),
    ("untagged", has("latitude"), at("latitude", value=900.0), "range_exceeded", "/latitude"),
    ("untagged", has("warmth"), at("wet", value=4_000), "range_exceeded", "/wet"),
    ("untagged", has("warmth"), without("device"), "field_missing", "/device"),
    ("untagged", has("level"), at("level", value="fatal"), "new_member", "/level"),
    ("untagged", has("level"), lambda body: {"battery": 3.7, "charging": False}, "new_kind", ""),
    ("maps", of("event", "present"), at("users", value=GONE), "new_member", "/users/*/state"),
    ("maps", of("event", "present"), at("users", value={"x": {"since": "?"} | OPEN}), "format_broken", "/users/*/since"),
    ("maps", of("event", "present"), at("users", value={"x1": {"state": "open"}}), "field_missing", "/users/*/since"),
    ("maps", of("event", "scored"), at("scores", value={"x": "many"}), "new_type", "/scores/*"),
    ("maps", of("event", "posted"), at("parts", 0, "sort", value="poll"), "new_member", "/parts/*/sort"),
    ("maps", of("event", "posted"), at("parts", 0, "height", value=7), "new_field", "/parts/*/height"),
    ("maps", of("event", "posted"), at("parts", 0, value=SIZELESS), "field_missing", "/parts/*/bytes"),
    ("maps", of("event", "posted"), at("event", value="erased"), "new_kind", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "which", "change", "told", "path"), TABLE, ids=[f"{row[0]}-{row[3]}{row[4]}" for row in TABLE]
)
def test_a_planted_change_is_told_where_it_first_shows(
    name: str, which: Callable[[Any], bool], change: Change, told: str, path: str
) -> None:
    watching, stream = learnt(name)
    watching = copy.deepcopy(watching)
    where = next(number for number in range(PLANTED, len(stream)) if which(stream[number]))
    changed = list(stream)
    for number in range(where, len(stream)):  # from there on always
        if which(stream[number]):
            changed[number] = change(stream[number])
    found = watching.see_all(changed[: where + 100])
    assert (LEARNT + where, told, path) in [(number, record.change, record.path) for number, record in found]
    assert found[0][0] == LEARNT + where
    certain = [(record.kind, record.change, record.path) for _, record in found if record.p_value is None]
    assert len(certain) == len(set(certain))
    first = found[0][1]
    assert (first.packet, first.half and first.half.connection, first.p_value) == (LEARNT + where + 1, "c", None)


# --- nothing is told of what stays as it is ---


STATIONARY = [(name, seed) for name in RECIPES for seed in range(2)] + [("any", seed) for seed in range(10)]


@pytest.mark.parametrize(("name", "seed"), STATIONARY)
def test_of_a_stationary_stream_nothing_is_told(name: str, seed: int) -> None:
    recipe = any_recipe(seed) if name == "any" else RECIPES[name]()
    assert Watching().see_all(bodies(recipe, 4_000, f"stationary {seed}")) == []


@cache
def corpus() -> ModuleType:
    specification = importlib.util.spec_from_file_location("corpus", CORPUS)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.mark.skipif(not CORPUS.exists(), reason="the streams of the schema benchmark are not here")
@pytest.mark.parametrize("number", range(10))
def test_of_the_streams_of_the_schema_benchmark_nothing_is_told(number: int) -> None:
    module = corpus()
    name = list(module.STREAMS)[number]
    stream = [body for _, body in module.sample(module.STREAMS[name](), 3_000, Random(f"drift {name}"))]
    assert Watching().see_all(stream) == []


# --- what is told of many messages ---


def told_of_many(watching: Watching, stream: list[Any]) -> list[tuple[int, str, str]]:
    found: list[tuple[int, str, str]] = []
    for number, record in watching.see_all(stream):
        if record.p_value is not None:
            assert 0 < record.p_value <= 1e-6
            assert (record.packet, record.half) == (None, None)
            found.append((number - LEARNT, record.change, record.path))
    return found


def test_a_field_that_comes_no_more_is_told_within_768_messages() -> None:
    watching, _ = learnt("ticker")
    stream = bodies(RECIPES["ticker"](), 2_000, "no more notes")
    [(number, change, path)] = told_of_many(copy.deepcopy(watching), [without_note(body) for body in stream])
    assert (change, path) == ("field_vanished", "/note")
    assert number < 768


def without_note(body: Any) -> Any:
    return {key: value for key, value in body.items() if key != "note"}


def test_a_kind_that_comes_no_more_is_told_within_512_messages() -> None:
    watching, _ = learnt("ticker")
    stream = [body for body in bodies(RECIPES["ticker"](), 2_000, "no more pings") if body["type"] != "ping"]
    watching = copy.deepcopy(watching)
    records = [(number - LEARNT, record) for number, record in watching.see_all(stream)]
    [(number, record)] = records
    assert (record.change, record.name) == ("kind_vanished", "ping")
    assert number < 512
    assert record.p_value is not None
    assert record.p_value < 1e-6


def test_a_field_that_comes_more_often_is_told_within_512_messages() -> None:
    watching, _ = learnt("ticker")
    chance = Random("more notes")
    stream = [
        body | maybe(chance, 0.4, note="again 7") if body["type"] == "trade" else body
        for body in bodies(RECIPES["ticker"](), 2_000, "more notes")
    ]
    [(number, change, path)] = told_of_many(copy.deepcopy(watching), stream)
    assert (change, path) == ("presence_shifted", "/note")
    assert number < 512


def test_another_mix_is_told_within_512_messages() -> None:
    watching, _ = learnt("ticker")
    recipe = RECIPES["ticker"]()
    more_books = [(weight * (1, 4, 1)[number], maker) for number, (weight, maker) in enumerate(recipe)]
    [(number, change, path)] = told_of_many(copy.deepcopy(watching), bodies(more_books, 2_000, "more books"))
    assert (change, path) == ("mix_shifted", "")
    assert number < 512


def test_a_mix_that_always_came_in_bursts_has_not_shifted() -> None:
    chance = Random("bursts")
    makers = [maker for _, maker in RECIPES["ticker"]()]
    stream: list[Any] = []
    while len(stream) < 12_000:
        maker = chance.choice(makers)
        stream += [maker(chance, len(stream) + number) for number in range(chance.randrange(100))]
    assert [record.change for _, record in Watching().see_all(stream) if record.change != "mix_shifted"] == []
    # Before it is known how much it varies anyway, a burst may be told once or twice.
    assert len(Watching().see_all(stream)) <= 2


# --- what it holds ---


def test_a_million_random_keys_are_no_drift_and_take_no_room() -> None:
    watching = Watching()
    stream = bodies(RECIPES["ticker"](), LEARNT, "keys")
    watching.see_all(stream)
    chance = Random("keys")
    told = []
    for number in range(2_000):
        fields = {f"k{chance.getrandbits(60):x}z": number for _ in range(500)}
        told += watching.see({"type": "trade", "id": 1, "at": 1, "price": "1.25", "state": "open", "size": 3} | fields)
    assert 0 < len(told) <= 40
    assert watching.watch.left_out > 0
    assert watching.watch.places < 300


def test_places_are_limited_over_all_channels() -> None:
    watching = Watching(Limits(leaves_total=10))
    watching.see_all(bodies(RECIPES["maps"](), 1_000, "few places"))
    assert watching.watch.places <= 10
    assert watching.watch.left_out > 0


def test_no_value_is_told() -> None:
    watching, stream = learnt("ticker")
    watching = copy.deepcopy(watching)
    trade = next(body for body in stream if body["type"] == "trade")
    secret = "hunter2-tr0ub4dor"
    told = watching.see(trade | {"state": secret, "price": secret, "size": secret, "more": secret})
    told += watching.see({"type": secret, "id": 1}) + watching.see([secret]) + watching.see(secret)
    told += watching.see(trade | {"550e8400-e29b-41d4-a716-446655440000": secret})
    assert {record.change for record in told} >= {"new_member", "format_broken", "new_type", "new_field", "new_kind"}
    assert secret not in repr(told)
    assert "550e8400" not in repr(told)


def test_what_is_no_json_has_no_drift() -> None:
    watching = Watching()
    message = ChannelMessage(message=message_of(0, "x"), format="text", channel="/a", length=1)
    assert watching.watch.see(message) == []


def test_with_structures_and_without_the_same_is_told() -> None:
    for name in RECIPES:
        stream = bodies(RECIPES[name](), 1_500, "both") + bodies(RECIPES["ticker"](), 300, "another")
        assert Watching(structures=True).see_all(stream) == Watching().see_all(stream)
