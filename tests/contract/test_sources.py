"""References become absolute, and lead where they should; what lies outside is refused."""

from __future__ import annotations

from typing import Any

import pytest

from wsobserve.contract.sources import MOST_VALUES, ContractError, Place, Sources, shown

A = "file:///agreed/a.yaml"
B = "file:///agreed/parts/b.json"


def test_a_reference_inside_of_a_document_is_followed_from_anywhere() -> None:
    sources = Sources({A: {"one": {"$ref": "#/two/x~1y"}, "two": {"x/y": {"type": "string"}}}})
    place = sources.follow(sources.root(A).child("one"))
    assert place == Place(f"{A}#/two/x~1y", {"type": "string"})


def test_a_reference_may_lead_to_another_reference_and_never_in_a_circle() -> None:
    sources = Sources({A: {"a": {"$ref": "#/b"}, "b": {"$ref": "#/c"}, "c": 1, "d": {"$ref": "#/d"}}})
    assert sources.follow(sources.root(A).child("a")).value == 1
    with pytest.raises(ContractError, match=r"a\.yaml#/d refers to itself"):
        sources.follow(sources.root(A).child("d"))


def test_a_reference_to_another_file_is_relative_to_its_own() -> None:
    documents: dict[str, Any] = {
        A: {"x": {"$ref": "parts/b.json#/y"}},
        B: {"y": {"$ref": "../a.yaml#/z"}, "root": {"$ref": "#"}},
    }
    documents[A]["z"] = {"const": 1}
    sources = Sources(documents)
    assert sources.follow(sources.root(A).child("x")).value == {"const": 1}
    assert sources.follow(sources.root(B).child("root")).value["y"] == {"$ref": f"{A}#/z"}


def test_identifiers_and_anchors_are_references_too() -> None:
    part: dict[str, Any] = {
        "$id": "https://schemas.example/part.json",
        "$defs": {"n": {"$anchor": "number", "type": "number"}, "self": {"$ref": "#/$defs/n"}},
    }
    sources = Sources(
        {
            A: {
                "$id": "https://schemas.example/main.json",
                "by_id": {"$ref": "part.json"},
                "by_anchor": {"$ref": "part.json#number"},
                "inner": {"$defs": {"part": part}},
            }
        }
    )
    root = sources.root(A)
    assert sources.follow(root.child("by_anchor")).value == {"type": "number"}
    assert sources.follow(root.child("by_id")).location == f"{A}#/inner/$defs/part"
    inner = root.child("inner", "$defs", "part")
    assert "$id" not in inner.value
    assert sources.follow(inner.child("$defs", "self")).value == {"type": "number"}


def test_a_property_of_the_name_of_a_keyword_is_left_alone() -> None:
    document = {"properties": {"$id": {"type": "string"}, "$ref": {"type": "string"}}}
    assert Sources({A: document}).root(A).value == document


@pytest.mark.parametrize("reference", ["https://elsewhere.example/x.yaml#/a", "http://elsewhere.example/y.json"])
def test_nothing_is_fetched(reference: str) -> None:
    with pytest.raises(ContractError, match="nothing is fetched") as raised:
        Sources({A: {"x": {"$ref": reference}}})
    assert "\n" not in str(raised.value)
    assert reference in str(raised.value)


def test_what_is_not_there_is_said_in_one_line() -> None:
    with pytest.raises(ContractError, match=r"a\.yaml#/x refers to gone\.yaml, which is not there"):
        Sources({A: {"x": {"$ref": "gone.yaml"}}})
    sources = Sources({A: {"x": {"$ref": "#/nothing"}}})
    with pytest.raises(ContractError, match=r"a\.yaml#/nothing is referred to and does not exist"):
        sources.follow(sources.root(A).child("x"))


def test_few_lines_cannot_become_endless() -> None:
    value: Any = ["x"] * 10
    for _ in range(10):
        value = [value] * 10  # 10 ** 11 values, of which Python holds 110
    with pytest.raises(ContractError, match=f"more than {MOST_VALUES:,}"):
        Sources({A: value})
    value.append(value)
    with pytest.raises(ContractError, match="nested deeper"):
        Sources({A: [value]})


def test_one_place_has_one_location_however_it_is_written() -> None:
    sources = Sources({A: {"/r/{id}": {"x y": 1}, "a": {"$ref": "#/~1r~1{id}/x y"}, "b": {"$ref": "#/~1r~1%7Bid%7D/x%20y"}}})
    places = [sources.follow(sources.root(A).child(key)) for key in "ab"] + [sources.root(A).child("/r/{id}", "x y")]
    assert {place.value for place in places} == {1}
    assert {place.location for place in places} == {f"{A}#/~1r~1%7Bid%7D/x%20y"}
    assert shown(places[0].location) == "a.yaml#/~1r~1{id}/x y"


def test_a_location_is_shown_by_the_name_of_its_file() -> None:
    assert shown(f"{A}#/x/y") == "a.yaml#/x/y"
    assert shown("file:///agreed/with%20space.yaml#") == "with space.yaml"
