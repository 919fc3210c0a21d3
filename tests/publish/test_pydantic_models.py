"""Generated models accept the traffic that they came from, give it back as it was, and reject what is of other types."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.publish.kinds import counted, kind, messages_of, record, shuffled
from tests.publish.observed import WITH_JSON, observed
from wsobserve.publish.pydantic_models import pydantic_module
from wsobserve.records import MessageKind

pydantic = pytest.importorskip("pydantic", reason="generated models need pydantic: pip install pydantic")


def imported(*kinds: MessageKind) -> ModuleType:
    """The module, imported from a file as its users do; a warning is an error."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "generated_models.py"
        path.write_text(pydantic_module(kinds), encoding="utf-8")
        spec = importlib.util.spec_from_file_location("generated_models", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["generated_models"] = module  # where pydantic looks for names
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            spec.loader.exec_module(module)
    return module


def accepts(module: ModuleType, message: object, channel: str = "/chat") -> bool:
    try:
        module.parse(json.dumps(message), channel)
    except pydantic.ValidationError:
        return False
    return True


def given_back(module: ModuleType, text: bytes | str, channel: str = "/chat") -> Any:
    adapter = module.MESSAGES[channel]
    return adapter.dump_python(adapter.validate_json(text), mode="json", by_alias=True, exclude_unset=True)


ORDER = record(
    "id side",
    id={"type": "integer", "minimum": 1},
    side={"type": "string", "enum": ["buy", "sell"]},
    price={"type": ["null", "number"]},
    note={"type": "string"},
)


def test_types_are_not_converted_and_closed_records_reject_other_fields() -> None:
    module = imported(kind("a", ORDER, name="order"))
    assert accepts(module, {"id": 1, "side": "buy", "price": None, "note": "x"})
    assert module.parse('{"id": 1, "side": "buy"}').note is None
    wrongs: list[Any] = [
        {"id": "1", "side": "buy"},
        {"id": True, "side": "buy"},
        {"id": 0, "side": "buy"},
        {"id": 1.5, "side": "buy"},
        {"id": 1, "side": "hold"},
        {"id": 1},
        {"id": 1, "side": "buy", "other": 1},
        {"id": 1, "side": "buy", "note": None},
        {"id": 1, "side": "buy", "price": "1"},
        [],
        None,
    ]
    for wrong in wrongs:
        assert not accepts(module, wrong), wrong


def test_an_absent_field_is_none_and_stays_absent() -> None:
    module = imported(kind("a", ORDER, name="order"))
    text = '{"id":1,"side":"sell"}'
    order = module.parse(text)
    assert (order.price, order.note) == (None, None)
    assert given_back(module, text) == json.loads(text)
    assert given_back(module, '{"id":1,"side":"sell","price":null}') == {"id": 1, "side": "sell", "price": None}


def test_kinds_of_a_channel_are_told_apart_by_their_discriminator() -> None:
    up = record("type n", type={"type": "string", "const": "up"}, n={"type": "integer"})
    down = record("type n", type={"type": "string", "const": "down"}, n={"type": "string"})
    kinds = [kind("a", up, name="up"), kind("b", down, name="down")]
    assert 'ChatMessage = Annotated[Down | Up, Field(discriminator="type")]' in pydantic_module(kinds).replace(
        "Up | Down", "Down | Up"
    )
    module = imported(*kinds)
    assert type(module.parse('{"type":"down","n":"x"}')).__name__ == "Down"
    assert not accepts(module, {"type": "down", "n": 1})
    assert not accepts(module, {"n": 1})


def test_names_that_python_does_not_allow_have_an_alias() -> None:
    names = [
        "class",
        "a-b",
        "a_b",
        "_id",
        "1st",
        "größe",
        "",
        "schema",
        "model_config",
        "str",
        "None",
        "Record",
        "self",
        "x y",
        "x.y",
    ]
    schema = record(" ".join(name for name in names if " " not in name), **{name: {"type": "integer"} for name in names})
    module = imported(kind("a", schema, name="record"))
    message = {name: place for place, name in enumerate(names)}
    assert given_back(module, json.dumps(message)) == message
    assert module.parse(json.dumps(message)).class_ == 0
    assert module.parse(json.dumps(message)).größe == 5


def test_maps_tuples_lists_and_recursion() -> None:
    comment = record("text replies", text={"type": "string"}, replies={"type": "array", "items": {"$ref": "#/$defs/c"}})
    schema = {
        **record(
            "prices level thread",
            prices={"type": "object", "additionalProperties": {"type": "number"}},
            level={
                "type": "array",
                "prefixItems": [{"type": "string"}, {"type": "integer"}],
                "items": False,
                "minItems": 1,
                "maxItems": 2,
            },
            thread={"$ref": "#/$defs/c"},
        ),
        "$defs": {"c": comment},
    }
    module = imported(kind("a", schema, name="news"))
    message = {"prices": {"A": 1.5}, "level": ["x", 1], "thread": {"text": "a", "replies": [{"text": "b", "replies": []}]}}
    assert given_back(module, json.dumps(message)) == message
    assert accepts(module, message | {"level": ["x"]})
    wrongs: list[dict[str, Any]] = [{"level": ["x", 1, 2]}, {"level": [1, "x"]}, {"level": []}, {"prices": {"A": "1"}}]
    for wrong in [*wrongs, {"thread": {"text": "a"}}]:
        assert not accepts(module, message | wrong), wrong
    from_python = module.MESSAGES["/chat"].validate_python(message)
    assert from_python.level == ("x", 1)


def test_a_union_that_holds_itself() -> None:
    schema = {
        "$ref": "#/$defs/j",
        "$defs": {"j": {"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/j"}}, {"type": "integer"}]}},
    }
    module = imported(kind("a", schema, name="nested"))
    assert given_back(module, "[[1,[2]],3]") == [[1, [2]], 3]
    assert not accepts(module, [["x"]])


def test_formats_become_types_and_accept_every_text_of_the_format() -> None:
    formats = {"at": "date-time", "day": "date", "id": "uuid", "v4": "ipv4", "v6": "ipv6", "mail": "email"}
    schema = record(**{name: {"type": "string", "format": form} for name, form in formats.items()})
    module = imported(kind("a", schema, name="event"))
    for good in (
        {"at": "2026-11-28T09:00:00Z"},
        {"at": "2026-11-28T09:00:00.123456789+01:00"},
        {"at": "2016-12-31T23:59:60Z"},
        {"at": "0001-01-01T00:00:00Z"},
        {"day": "2026-11-28"},
        {"id": "6F9619FF-8B86-D011-B42D-00C04FC964FF"},
        {"v4": "10.0.0.1", "v6": "fe80::1"},
        {"mail": "somebody@example.org"},
    ):
        assert accepts(module, good), good
    for wrong in (
        {"at": 1700000000},
        {"at": "1700000000"},
        {"day": 5},
        {"id": "x"},
        {"v4": 1},
        {"v4": "10.0.0"},
        {"v6": "::g"},
    ):
        assert not accepts(module, wrong), wrong
    assert module.parse('{"at": "2026-11-28T09:00:00Z"}').at.year == 2026


def test_constants_that_are_no_literals_of_python() -> None:
    schema = record(n={"const": 1.5}, many={"enum": [1, "a", None, 2.5, [1], {"a": 1}]}, yes={"const": True}, one={"const": 1})
    module = imported(kind("a", schema, name="odd"))
    for good in ({"n": 1.5}, {"many": None}, {"many": 2.5}, {"many": [1]}, {"many": "a"}, {"yes": True}, {"one": 1}):
        assert accepts(module, good), good
    for wrong in ({"n": 1.6}, {"many": 2}, {"yes": 1}, {"one": True}, {"n": None}):
        assert not accepts(module, wrong), wrong


def test_a_kind_that_is_no_object_is_not_converted_either() -> None:
    module = imported(kind("a", {"type": "integer"}, name="count"))
    assert accepts(module, 5)
    assert not accepts(module, "5")
    assert not accepts(imported(kind("a", {"type": "integer"}), kind("b", {"type": "null"})), "5")


def test_lists_keep_their_bounds() -> None:
    none, some = {"type": "array", "maxItems": 0}, {"type": "array", "items": {"type": "null"}, "minItems": 1, "maxItems": 2}
    module = imported(kind("a", record(none=none, some=some), name="lists"))
    assert accepts(module, {"none": [], "some": [None]})
    wrongs: list[dict[str, Any]] = [{"none": [1]}, {"some": []}, {"some": [None] * 3}]
    for wrong in wrongs:
        assert not accepts(module, wrong), wrong


def test_open_records_keep_what_is_not_described() -> None:
    open_record = {"type": "object", "properties": {"a": {"type": "integer"}}}
    module = imported(kind("a", open_record | {"additionalProperties": {"type": "integer"}}, name="typed"), kind("b", record()))
    assert given_back(module, '{"a":1,"b":2}') == {"a": 1, "b": 2}
    assert not accepts(module, {"a": 1, "b": "x"})
    assert accepts(imported(kind("a", open_record, name="free")), {"a": 1, "b": "x"})


def test_a_pattern_that_the_engine_may_not_know_is_left_out() -> None:
    schema = record(
        a={"type": "string", "pattern": "^[a-z]+$"},
        b={"type": "string", "pattern": "^(?=x)"},
        c={"type": "string", "pattern": "("},
        d={"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"},
    )
    module = imported(kind("a", schema, name="p"))
    assert not accepts(module, {"a": "1"})
    assert not accepts(module, {"d": "1x5"})
    assert accepts(module, {"a": "x", "b": "y", "c": "z", "d": "-1.5"})


def test_hostile_names_and_descriptions_stay_text() -> None:
    hostile = '"""\nimport os\n\\" + x #\x00\u2028\ud800'
    schema = record(**{hostile: {"const": hostile, "description": hostile}}) | {"description": hostile}
    module = imported(kind("a", schema, name=hostile, channel=f"/{hostile}"))
    assert list(module.MESSAGES) == [f"/{hostile}".replace("\ud800", "\ufffd")]
    assert not hasattr(module, "os")
    whole = hostile.rstrip("\ud800")  # no JSON text of UTF-8 holds a lone surrogate
    module = imported(kind("a", record(**{whole: {"const": whole, "description": whole}}), name=whole))
    assert given_back(module, json.dumps({whole: whole})) == {whole: whole}


def test_what_is_deprecated_or_described_says_so() -> None:
    schema = record(a={"type": "integer", "description": "how many", "deprecated": True})
    text = pydantic_module([kind("a", schema, name="d")])
    assert 'Field(description="how many", deprecated=True)' in text


@pytest.mark.parametrize("capture", WITH_JSON)
def test_the_messages_of_a_capture_are_accepted_and_given_back(capture: str) -> None:
    kinds, messages = observed(capture)
    module = imported(*kinds)
    for channel, payload in messages:
        assert given_back(module, payload, channel) == json.loads(payload)


def kinds_of_all_sorts() -> list[MessageKind]:
    """What the captures do not have: every format, constants of all types, names that need an alias, long unions."""
    formats = ["date-time", "date", "uuid", "ipv4", "ipv6", "email", "uri", "time", "duration", "hostname"]
    fields: dict[str, Any] = {f"a {form}": {"type": "string", "format": form} for form in formats}
    fields |= {"many": {"enum": [f"value number {number}" for number in range(40)]}, "mixed": {"enum": [1, True, None, 2.5]}}
    fields["union"] = {"anyOf": [record(**{f"field{n}": {"type": "integer", "minimum": 0}}) for n in range(12)]}
    fields["tuple"] = {
        "type": "array",
        "prefixItems": [{"type": "string", "maxLength": 99, "minLength": 5}] * 3,
        "items": False,
    }
    fields["described"] = {"type": "string", "description": "A 'long' description of the \"field\" " * 9, "deprecated": True}
    return [kind("k", record("many", **fields), name="everything"), kind("l", {"type": "array", "items": {"type": "null"}})]


@pytest.mark.parametrize("capture", [*WITH_JSON, "all sorts"])
def test_the_text_is_as_a_formatter_would_leave_it(capture: str, tmp_path: Path) -> None:
    path = tmp_path / "models.py"
    text = pydantic_module(kinds_of_all_sorts() if capture == "all sorts" else observed(capture)[0])
    path.write_text(text)
    ruff = [sys.executable, "-m", "ruff"]
    subprocess.run([*ruff, "format", "--isolated", path], check=True, capture_output=True)
    assert path.read_text() == text
    check = [*ruff, "check", "--isolated", "--select", "E,F,I,UP", "--ignore", "E501", str(path)]
    assert subprocess.run(check, check=False, capture_output=True, text=True).stdout == "All checks passed!\n"


@settings(max_examples=60, deadline=None)
@given(st.data(), st.lists(counted(), min_size=1, max_size=3))
def test_any_schema_gives_a_module_that_accepts_what_the_schema_accepts(
    data: st.DataObject, schemas: list[dict[str, Any]]
) -> None:
    module = imported(*[kind(f"k{place}", schema, name=f"kind {place}") for place, schema in enumerate(schemas)])
    for schema in schemas:
        message = data.draw(messages_of(schema))
        assert accepts(module, message), message


@settings(max_examples=30, deadline=None)
@given(st.lists(counted(), min_size=1, max_size=3), st.integers(0, 99))
def test_the_same_kinds_give_the_same_text(schemas: list[dict[str, Any]], seed: int) -> None:
    kinds = [kind(f"k{place}", schema) for place, schema in enumerate(schemas)]
    other = [kind(each.id, shuffled(each.json_schema, seed)) for each in reversed(kinds)]
    assert pydantic_module(kinds) == pydantic_module(other)
