"""One place: when what is known of its values is settled, and which value is then a change."""

from __future__ import annotations

from collections.abc import Sequence

from wsobserve.schema.drift_place import Budget, Place, is_settled


def settled_texts(*words: str) -> Place:
    place = Place("/state")
    place.claims_enumeration = True
    for number in range(500):
        said(place, words[number % len(words)])
    return place


def said(place: Place, word: str, stamp: int | None = None) -> str | None:
    place.see_type("string", 1, place.seen if stamp is None else stamp, False)
    return place.see_text(word.encode(), 1, False)


def test_settled_is_often_for_long_and_nothing_rare() -> None:
    assert is_settled(400, 100, [200, 200])
    assert not is_settled(399, 0, [399])
    assert not is_settled(400, 101, [200, 200])
    assert not is_settled(400, 0, [391, 9])


def test_a_text_that_a_settled_enumeration_has_not_is_a_new_member_once() -> None:
    place = settled_texts("on", "off")
    assert said(place, "on") is None
    assert said(place, "broken") == "new_member"
    assert said(place, "broken") is None


def test_where_members_are_rare_one_more_is_none() -> None:
    place = settled_texts("on", "off")
    place.members = dict.fromkeys(place.members or {}, 3)
    assert said(place, "broken") is None


def test_without_an_enumeration_there_are_no_members() -> None:
    place = settled_texts("on", "off")
    place.claims_enumeration = False
    assert said(place, "broken") is None


def test_a_text_without_the_format_of_all_before_breaks_it_once() -> None:
    place = Place("/day")
    for number in range(500):
        said(place, f"2026-01-{1 + number % 28:02d}")
    place.claims_format = "date"
    assert said(place, "2026-01-05") is None
    assert said(place, "tomorrow") == "format_broken"
    assert said(place, "tomorrow") is None


def test_what_still_passes_for_the_format_does_not_break_it() -> None:
    place = Place("/at")
    for number in range(500):
        said(place, f"https://a.example/{number}")
    place.claims_format = "uri"
    assert said(place, "https://a.example/|") is None


def counted(place: Place, values: Sequence[float]) -> list[str | None]:
    found: list[str | None] = []
    for value in values:
        place.see_type("integer", 1, place.seen, False)
        found.append(place.see_number(value, False))
        place.mark()
    return found


def test_a_number_far_beyond_a_steady_range_exceeds_it() -> None:
    place = Place("/n")
    place.claims_bounds = True
    assert set(counted(place, [number * 37 % 101 for number in range(600)])) == {None}
    assert counted(place, [110, 5_000, 9_000]) == [None, "range_exceeded", None]


def test_a_range_that_still_grows_is_not_exceeded() -> None:
    place = Place("/n")
    place.claims_bounds = True
    assert set(counted(place, [float(number) for number in range(600)])) == {None}
    assert counted(place, [5_000]) == [None]


def test_another_number_where_there_was_one_is_a_new_member() -> None:
    place = Place("/op")
    place.claims_constant = True
    assert counted(place, [7] * 450 + [8, 9])[-2:] == ["new_member", None]


def test_a_type_is_counted_once_a_message_and_is_new_once() -> None:
    place = Place("/x")
    for number in range(450):
        assert not place.see_type("string", 1, number, False)
        assert not place.see_type("string", 1, number, False)
    assert place.seen == 450
    assert place.see_type("null", 1, 451, False)
    assert not place.see_type("null", 1, 452, False)


def test_an_integer_is_no_new_type_among_numbers() -> None:
    place = Place("/x")
    for number in range(450):
        place.see_type("number", 1, number, False)
    assert not place.see_type("integer", 1, 451, False)


def test_a_text_or_number_that_is_known_would_teach_nothing() -> None:
    place = settled_texts("on", "off")
    assert place.knows_text(b"on")
    assert not place.knows_text(b"broken")
    numbers = Place("/n")
    counted(numbers, [1, 5])
    assert numbers.knows_number(9)
    assert numbers.high == 9
    numbers.claims_bounds = True
    assert not numbers.knows_number(10)


def test_a_budget_ends_and_counts_what_it_refused() -> None:
    budget = Budget(1)
    assert budget.place("/a") is not None
    assert budget.place("/b") is None
    assert (budget.left, budget.left_out) == (0, 1)
