"""One channel: when its kinds are worked out, what is a new kind, and that few are told of a place that keeps being new."""

from __future__ import annotations

from typing import Any

from tests.schema.drifting import Watching


def told(watching: Watching, *stream: Any) -> list[tuple[str, str | None]]:
    return [(record.change, record.name) for body in stream for record in watching.see(body)]


def said(sort: str, number: int) -> dict[str, Any]:
    return {"type": sort, "room": number, f"{sort}_at": number, f"{sort}_by": f"n{number}"}


def two_kinds(messages: int) -> Watching:
    watching = Watching()
    watching.see_all(said(("join", "say")[number % 2], number) for number in range(messages))
    return watching


def test_before_a_channel_is_known_nothing_is_told() -> None:
    assert told(two_kinds(200), {"type": "leave", "room": 1}, {"type": "say"}) == []


def test_a_kind_that_was_never_there_is_told_once_by_its_name() -> None:
    watching = two_kinds(1_000)
    assert told(watching, *[{"type": "leave", "room": 1}] * 3) == [("new_kind", "leave")]


def test_a_constant_that_looks_like_an_identifier_is_no_name() -> None:
    watching = two_kinds(1_000)
    [record] = watching.see({"type": "7f3a9c1d22", "room": 1})
    assert (record.change, record.name) == ("new_kind", None)
    assert "7f3a9c1d22" not in record.kind + record.detail


def test_a_message_with_nothing_of_its_kind_is_of_a_new_one() -> None:
    watching = Watching()
    watching.see_all({"room": number, "text": "la"} for number in range(1_000))
    assert told(watching, {"battery": 7}) == [("new_kind", None)]


def test_a_message_of_another_json_type_is_of_a_new_kind() -> None:
    assert told(two_kinds(1_000), [1, 2], "text") == [("new_kind", None)] * 2


def test_kinds_that_keep_being_new_are_told_so_many_times_only() -> None:
    watching = two_kinds(1_000)
    found = told(watching, *[{"type": f"{chr(97 + number % 26)}w{number}", "room": 1} for number in range(600)])
    assert 0 < len(found) <= 256


def test_of_a_channel_that_doubles_its_kinds_are_worked_out_again() -> None:
    watching = two_kinds(300)
    late = [said("leave", number) for number in range(300)]
    assert told(watching, *late) == []
    # Now it is a kind like any other one; that it came 300 times in a row, and does so no more, is another matter.
    rest = told(watching, *[said(("join", "leave", "say")[number % 3], number) for number in range(1_800)])
    assert {change for change, _ in rest} <= {"mix_shifted"}
    assert told(watching, said("leave", 1) | {"room": "attic"}) == [("new_type", "leave")]
