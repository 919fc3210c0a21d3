"""Messages can be assigned to the types that were generated from them, and others cannot: the TypeScript compiler says so."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.publish.kinds import counted, kind, messages_of, record, shuffled
from tests.publish.observed import WITH_JSON, observed
from wsobserve.publish.typescript import typescript_text
from wsobserve.records import MessageKind

pytestmark = pytest.mark.build_independent

COMPILER = Path(__file__).resolve().parents[1] / "node" / "node_modules" / "typescript" / "bin" / "tsc"


def errors(directory: Path, types: str, *assigned: tuple[str, object]) -> list[str]:
    """What the compiler says of the types, with these values assigned to types: one line a mistake."""
    if shutil.which("node") is None or not COMPILER.exists():
        pytest.skip("TypeScript's compiler is not installed: npm --prefix tests/node ci")
    (directory / "types.ts").write_text(types, encoding="utf-8")
    text = ['import type * as types from "./types";']
    for number, (name, value) in enumerate(assigned):
        text.append(f"export const message{number}: types.{name} = {json.dumps(value)};")
    (directory / "messages.ts").write_text("\n".join(text), encoding="utf-8")
    options = [
        "--noEmit",
        "--strict",
        "--target",
        "es2022",
        "--lib",
        "es2022",
        "--moduleDetection",
        "force",
        "--typeRoots",
        "none",
    ]
    command = ["node", str(COMPILER), *options, "--pretty", "false", "types.ts", "messages.ts"]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False, timeout=120)
    return done.stdout.splitlines()


def lines(found: list[str]) -> set[int]:
    """Where the compiler found mistakes in the messages."""
    return {int(line.partition("(")[2].partition(",")[0]) for line in found if line.startswith("messages.ts(")}


ORDER = record(
    "id side",
    id={"type": "integer"},
    side={"type": "string", "enum": ["buy", "sell"]},
    price={"type": ["null", "number"], "x-wsobserve-presence": 0.5},
    note={"type": "string", "minLength": 1, "maxLength": 5},
)


def test_the_text_of_a_kind() -> None:
    text = typescript_text([kind("a", ORDER, name="order")])
    assert (
        """\
/** 10 messages, server to client, on /chat. */
export interface Order {
  id: number;
  /** 1 to 5 characters */
  note?: string;
  /** in 50 % */
  price?: number | null;
  side: "buy" | "sell";
}
"""
        in text
    )
    assert '"/chat": {\n    clientToServer: never;\n    serverToClient: Order;\n  };' in text


def test_messages_fit_and_what_is_of_another_type_does_not(tmp_path: Path) -> None:
    text = typescript_text([kind("a", ORDER, name="order")])
    good: dict[str, Any] = {"id": 1, "side": "buy"}
    full = {"id": 1, "side": "sell", "price": None, "note": "x"}
    assert errors(tmp_path, text, ("ChatMessage", good), ("ChatMessage", full)) == []
    wrong: list[Any] = [good | more for more in ({"id": "1"}, {"side": "hold"}, {"other": 1}, {"note": None}, {"price": "1"})]
    found = errors(tmp_path, text, *[("ChatMessage", message) for message in [*wrong, {"id": 1}, [], None]])
    assert lines(found) == set(range(2, 10))


def test_unions_tuples_maps_recursion_and_odd_names(tmp_path: Path) -> None:
    comment = record("text replies", text={"type": "string"}, replies={"type": "array", "items": {"$ref": "#/$defs/c"}})
    odd = {"a-b": {"type": "integer"}, "class": {"const": "*/ end"}, "1st": {"type": "null"}, "": {"type": "boolean"}}
    pair = {"type": "array", "prefixItems": [{"type": "string"}, {"type": ["integer", "null"]}], "items": False, "minItems": 1}
    schema = record(
        "type",
        type={"const": "news"},
        prices={"type": "object", "additionalProperties": {"type": "number"}},
        level=pair,
        several={"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]}},
        lists={"type": "array", "items": {"type": "array", "items": record("x", x={"type": "integer"})}},
        thread={"$ref": "#/$defs/c"},
        odd=record(**odd) | {"description": "not the end: */ } 'x"},
        bytes={"type": "string", "contentEncoding": "base64"},
    )
    other = kind("b", record("type", type={"const": 5}), name="Array")
    text = typescript_text([kind("a", schema | {"$defs": {"c": comment}}, name="any"), other])
    message: dict[str, Any] = {
        "type": "news",
        "prices": {"A": 1.5},
        "level": ["x"],
        "several": ["a", 1],
        "lists": [[{"x": 1}], []],
        "thread": {"text": "a", "replies": [{"text": "b", "replies": []}]},
        "odd": {"a-b": 1, "class": "*/ end", "1st": None, "": True},
        "bytes": "AA==",
    }
    assert errors(tmp_path, text, ("ChatMessage", message), ("ChatMessage", {"type": 5})) == []
    wrongs: list[dict[str, Any]] = [
        {"level": []},
        {"level": ["x", 1, 2]},
        {"several": [None]},
        {"prices": {"A": "1"}},
        {"thread": {"text": "a"}},
        {"lists": [{"x": 1}]},
        {"odd": {"class": "x"}},
        {"type": 6},
    ]
    found = errors(tmp_path, text, *[("ChatMessage", message | wrong) for wrong in wrongs])
    assert lines(found) == set(range(2, 2 + len(wrongs)))


@pytest.mark.parametrize("capture", WITH_JSON)
def test_the_messages_of_a_capture_can_be_assigned(capture: str, tmp_path: Path) -> None:
    kinds, messages = observed(capture)
    text = typescript_text(kinds)
    unions = dict(zip(sorted({kind.channel for kind in kinds}), _unions(text), strict=True))
    distinct = dict.fromkeys((unions[channel], payload.decode()) for channel, payload in messages[:400])
    assert errors(tmp_path, text, *[(name, json.loads(payload)) for name, payload in distinct]) == []


def _unions(text: str) -> list[str]:
    """The names of the unions of channels, in the order of channels."""
    return [part.partition("export type ")[2].partition(" ")[0] for part in text.split("/** Any message on ")[1:]]


# Shrinking would run the compiler for minutes.
@settings(max_examples=3, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(st.data(), st.lists(counted(), min_size=12, max_size=12))
def test_what_any_schema_accepts_can_be_assigned(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, schemas: list[dict[str, Any]]
) -> None:
    kinds: list[MessageKind] = []
    assigned = []
    for number, schema in enumerate(schemas):
        kinds.append(kind(f"k{number}", schema, channel=f"/c{number}"))
        assigned.append((f"AnyC{number}Message", data.draw(messages_of(schema))))
    assert errors(tmp_path_factory.mktemp("types"), typescript_text(kinds), *assigned) == []


@given(st.lists(counted(), min_size=1, max_size=3), st.integers(0, 99))
def test_the_same_kinds_give_the_same_text(schemas: list[dict[str, Any]], seed: int) -> None:
    kinds = [kind(f"k{place}", schema) for place, schema in enumerate(schemas)]
    other = [kind(each.id, shuffled(each.json_schema, seed)) for each in reversed(kinds)]
    assert typescript_text(kinds) == typescript_text(other)
