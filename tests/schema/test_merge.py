"""Merging: however messages are split among folds, and in whatever order they come, what is published is the same text.

`WSOBSERVE_SPLITS=1000` tries so many splits of each traffic (default: 25).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from random import Random
from typing import Any

import msgspec
import pytest

from tests.schema.talk import chat, positional, wild
from wsobserve.config import Limits
from wsobserve.payload.stage import Payload
from wsobserve.records import SERVER_TO_CLIENT, ChannelMessage, Half, Message
from wsobserve.schema.fold import SchemaFold

SPLITS = int(os.environ.get("WSOBSERVE_SPLITS", "25"))
MOST_PARTS = 6


TRAFFICS: dict[str, tuple[Callable[[Random, int], Any], Limits]] = {
    "chat": (chat, Limits()),
    "positional": (positional, Limits()),
    "both": (lambda chance, number: (chat if number % 2 else positional)(chance, number), Limits()),
    "wild": (wild, Limits()),
    "wild, with little room": (
        wild,
        Limits(kinds=12, schema_nodes=60, schema_properties=8, schema_total_nodes=150, channels=2),
    ),
}


@cache
def messages_of(traffic: str) -> list[ChannelMessage]:
    """On one channel or on three, as the rooms before this one give them."""
    make, limits = TRAFFICS[traffic]
    chance = Random(traffic)
    payload = Payload(limits)
    said: list[ChannelMessage] = []
    for number in range(250):
        half = Half(connection=f"c{number % 4}", source="a:1", destination="b:2", direction=SERVER_TO_CLIENT)
        text = msgspec.json.encode(make(chance, number))
        now_ns = 1_700_000_000_000_000_000 + number * 10_000_000
        record = Message(half, now_ns, number, now_ns, 1, 1, False, len(text), len(text), True, True, text)
        for each in payload.receive(record):
            said.append(msgspec.structs.replace(each, channel=f"/{traffic}" if number % 9 else f"/{number % 2}"))
    return said


def published(fold: SchemaFold) -> str:
    """Everything that anybody gets to see."""
    room = "wsobserve.publish.documents" if find_spec("wsobserve.publish.documents") else "wsobserve.schema.document"
    documents = import_module(room)
    kinds = fold.kinds()
    text: str = documents.document_text(documents.channel_documents(kinds))
    return text + msgspec.json.encode([kinds, fold.without_kind]).decode()


def folded(messages: list[ChannelMessage], limits: Limits) -> SchemaFold:
    fold = SchemaFold(limits)
    for message in messages:
        fold.add(message)
    return fold


@cache
def in_one(traffic: str) -> str:
    return published(folded(messages_of(traffic), TRAFFICS[traffic][1]))


def in_parts(traffic: str, chance: Random) -> str:
    """Split, shuffled and merged at random; some parts are looked at before, and some are empty."""
    limits = TRAFFICS[traffic][1]
    parts: list[list[ChannelMessage]] = [[] for _ in range(chance.randint(1, MOST_PARTS))]
    for message in messages_of(traffic):
        chance.choice(parts[: chance.randint(1, len(parts))]).append(message)
    for part in parts:
        chance.shuffle(part)
    folds = [folded(part, limits) for part in parts]
    for fold in folds:
        if chance.random() < 0.2:
            published(fold)
    while len(folds) > 1:
        one, other = (folds.pop(chance.randrange(len(folds))) for _ in range(2))
        one.merge(other)
        folds.append(one)
    return published(folds[0])


@pytest.mark.parametrize("traffic", list(TRAFFICS))
def test_every_split_and_order_publishes_the_same_text(traffic: str) -> None:
    for split in range(SPLITS):
        assert in_parts(traffic, Random(f"{traffic} {split}")) == in_one(traffic), f"split {split}"


@pytest.mark.parametrize("traffic", list(TRAFFICS))
def test_merging_leaves_the_other_as_it_was_and_an_empty_fold_changes_nothing(traffic: str) -> None:
    limits = TRAFFICS[traffic][1]
    half = len(messages_of(traffic)) // 2
    one, other = folded(messages_of(traffic)[:half], limits), folded(messages_of(traffic)[half:], limits)
    before = published(other)
    one.merge(other)
    one.merge(SchemaFold(limits))
    empty = SchemaFold(limits)
    empty.merge(one)
    assert published(other) == before
    assert published(empty) == published(one) == in_one(traffic)


def test_other_traffic_publishes_another_text() -> None:
    """So that equality above says something."""
    assert len({in_one(traffic) for traffic in TRAFFICS}) == len(TRAFFICS)
    fewer = folded(messages_of("chat")[1:], Limits())
    assert published(fewer) != in_one("chat")
