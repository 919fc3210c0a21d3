"""When a draft becomes a version: what counts as news, how much evidence less takes, and when a draft is settled."""

from __future__ import annotations

from typing import Any

import pytest

from wsobserve.export.store.publishing import (
    LOOK_NS,
    SETTLED_LOOKS,
    SURE,
    Evidence,
    Settling,
    first_publication,
    next_publication,
)
from wsobserve.records import Accounting, MessageKind, Snapshot
from wsobserve.schema.constraining import digest

Schema = dict[str, Any]


def record(*optional: str, **required: str) -> Schema:
    fields: Schema = {name: {"type": "string", "x-wsobserve-presence": 0.5} for name in optional}
    fields |= {name: {"type": of} for name, of in required.items()}
    return {"type": "object", "properties": fields, "required": sorted(required)}


def kind(json_schema: Schema, messages: int = 10, confidence: float | None = None, last_ns: int = 100) -> MessageKind:
    return MessageKind(
        id="k",
        channel="/a",
        direction=None,
        name=None,
        messages=messages,
        first_ns=1,
        last_ns=last_ns,
        formats={},
        json_schema=json_schema,
        confidence=confidence,
    )


NARROW, WIDE = record(a="string"), record("b", a="string")
LITTLE = Evidence(messages=10, last_ns=50)
MUCH = Evidence(messages=1_000, last_ns=50)


def test_the_first_version_is_the_draft_without_its_counts() -> None:
    publication = first_publication(kind({"type": "string", "x-wsobserve-count": 3}))
    assert publication.json_schema == {"type": "string"}
    assert publication.basis == "first"


@pytest.mark.parametrize("confidence", [None, 0.5, 1.0])
def test_the_same_with_other_counts_is_no_version(confidence: float | None) -> None:
    counted = {**NARROW, "x-wsobserve-count": 99, "title": "other"}
    assert next_publication(kind(counted, 10_000, confidence), NARROW, LITTLE) is None


@pytest.mark.parametrize("confidence", [None, 0.5, 1.0])
def test_a_draft_with_room_for_the_latest_version_follows_it(confidence: float | None) -> None:
    publication = next_publication(kind(WIDE, 1, confidence), NARROW, MUCH)
    assert publication is not None
    assert publication.basis == "wider"
    assert publication.digest == digest(WIDE)


@pytest.mark.parametrize("confidence", [None, 0.5, 1.0])
def test_a_smaller_sample_that_saw_less_is_no_version(confidence: float | None) -> None:
    assert next_publication(kind(NARROW, 999, confidence), WIDE, MUCH) is None


def test_news_beside_less_ends_in_the_union() -> None:
    publication = next_publication(kind(record(a="string", c="integer"), 5), WIDE, MUCH)
    assert publication is not None
    assert publication.basis == "united"
    assert publication.json_schema["properties"].keys() == {"a", "b", "c"}
    assert publication.json_schema["required"] == ["a"]


def test_less_follows_on_strong_evidence_alone() -> None:
    def follows(messages: int = 1_000, confidence: float | None = SURE, last_ns: int = 100) -> bool:
        publication = next_publication(kind(NARROW, messages, confidence, last_ns), WIDE, MUCH)
        assert publication is None or publication.basis == "replaced"
        return publication is not None

    assert follows()
    assert not follows(messages=999)
    assert not follows(confidence=SURE - 0.01)
    assert not follows(confidence=None)
    assert not follows(last_ns=49), "an older capture says nothing of what is gone"


def test_narrower_bounds_alone_are_not_reason_enough() -> None:
    def bounded(maximum: int, **more: str) -> Schema:
        found = record(a="string", **more)
        found["properties"]["n"] = {"type": "integer", "minimum": 0, "maximum": maximum}
        return found

    assert next_publication(kind(bounded(1_310), 10_000, 1.0), bounded(1_330), MUCH) is None
    publication = next_publication(kind(bounded(1_310), 10_000, 1.0), bounded(1_330, b="string"), MUCH)
    assert publication is not None
    assert publication.json_schema == bounded(1_310)


def test_what_an_unsure_draft_does_not_say_is_not_taken_back() -> None:
    closed = {**NARROW, "additionalProperties": False}
    assert next_publication(kind(NARROW, 20, 0.9), closed, MUCH) is None
    publication = next_publication(kind(NARROW, 20, 1.0), closed, MUCH)
    assert publication is not None
    assert publication.basis == "wider"


def test_two_kinds_of_traffic_that_take_turns_end_in_their_union() -> None:
    one, other = record(a="string", x="string"), record(a="string", y="string")
    latest, published = one, 0
    for turn in range(6):
        publication = next_publication(kind((other, one)[turn % 2], 10, None, 100 + turn), latest, MUCH)
        if publication is not None:
            latest, published = publication.json_schema, published + 1
    assert published == 1
    assert latest["properties"].keys() == {"a", "x", "y"}


def snapshot(number: int, draft: MessageKind | None, *, final: bool = False) -> Snapshot:
    return Snapshot(time_ns=number * LOOK_NS, accounting=Accounting(), kinds=(draft,) if draft else (), final=final)


def due_at(settling: Settling, drafts: list[MessageKind | None], first: int = 0) -> list[int]:
    """The numbers of the looks at which the kind was due with something new, which is then published."""
    found, latest = [], ""
    for number, draft in enumerate(drafts, first):
        for one in settling.due(snapshot(number, draft)):
            if digest(one.json_schema) != latest:
                latest = digest(one.json_schema)
                settling.published(one)
                found.append(number)
    return found


def growing(json_schema: Schema, looks: int, confidence: float | None = 1.0, first: int = 0) -> list[MessageKind | None]:
    return [kind(json_schema, first + number + 1, confidence) for number in range(looks)]


def test_a_draft_that_stays_the_same_while_messages_come_is_due_once() -> None:
    assert due_at(Settling(), growing(NARROW, 50)) == [SETTLED_LOOKS - 1]


@pytest.mark.parametrize("confidence", [None, 0.5, SURE - 0.001])
def test_a_draft_of_which_the_inference_is_not_sure_is_not_due(confidence: float | None) -> None:
    assert due_at(Settling(), growing(NARROW, 50, confidence)) == []


def test_a_draft_without_new_messages_is_not_due() -> None:
    assert due_at(Settling(), [kind(NARROW, 10, 1.0)] * 50) == []


def test_a_change_begins_the_count_anew() -> None:
    drafts = growing(NARROW, SETTLED_LOOKS - 1) + growing(WIDE, 20, first=20)
    assert due_at(Settling(), drafts) == [2 * SETTLED_LOOKS - 2]


def test_snapshots_in_quick_succession_are_one_look() -> None:
    settling = Settling()
    drafts = growing(NARROW, 1_000)
    due = [number for number, draft in enumerate(drafts) if settling.due(_quick(number, draft))]
    assert due == [10 * (SETTLED_LOOKS - 1)]


def _quick(number: int, draft: MessageKind | None) -> Snapshot:
    assert draft is not None
    return Snapshot(time_ns=number * LOOK_NS // 10, accounting=Accounting(), kinds=(draft,))


def test_a_kind_that_never_settles_publishes_ever_more_rarely() -> None:
    drafts: list[MessageKind | None] = []
    for number in range(2_000):
        field = {f"f{number // SETTLED_LOOKS}": "string"}
        drafts.append(kind(record(**field), number + 1, 1.0))
    assert len(due_at(Settling(), drafts)) == 1
    settling, due, latest = Settling(), 0, ""
    for number in range(5_000):  # the worst: a new draft as soon as the one before was published
        draft = kind(record(**{f"f{latest}": "string"}), number + 1, 1.0)
        if settling.due(snapshot(number, draft)):
            settling.published(draft)
            due, latest = due + 1, str(number)
    assert 5 < due < 12


def test_at_the_end_every_kind_with_messages_is_due() -> None:
    settling = Settling()
    assert settling.due(snapshot(1, kind(NARROW, 1, None), final=True))
    assert not settling.due(snapshot(1, kind(NARROW, 0), final=True))


def test_a_copy_does_not_notice_what_comes_after_it() -> None:
    settling = Settling()
    due_at(settling, growing(NARROW, SETTLED_LOOKS - 1))
    before = settling.copy()
    assert due_at(settling, growing(NARROW, 1, first=100), first=50) == [50]
    assert due_at(before, growing(NARROW, 1, first=100), first=50) == [50]


def test_kinds_that_are_gone_are_forgotten() -> None:
    settling = Settling()
    due_at(settling, growing(NARROW, SETTLED_LOOKS - 1))
    settling.due(snapshot(99, None))
    assert due_at(settling, growing(NARROW, 1, first=200), first=100) == []
