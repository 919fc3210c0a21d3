"""Contracts as files: YAML as JSON has it, several files, directories, and one line for what cannot be used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.contract.agreed import CHAT
from wsobserve.commands.contract_files import contract_fold, load_document, load_documents
from wsobserve.commands.running import Failure
from wsobserve.config import DEFAULT_LIMITS


def yaml(tmp_path: Path, text: str) -> Any:
    file = tmp_path / "x.yaml"
    file.write_text(text)
    return load_document(file)


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("on", "on"), ("yes", "yes"), ("2025-01-02", "2025-01-02"), ("1:30", "1:30"), ("0777", 777), ("true", True),
        ("False", False), ("null", None), ("~", None), ("", None), ("12", 12), ("-1.5", -1.5), ("1e3", 1000.0),
        ("0x10", 16), ('"12"', "12"), ("1.2.3", "1.2.3"), (".5", 0.5),
    ],
)  # fmt: skip
def test_yaml_is_read_as_its_version_1_2_has_it(tmp_path: Path, scalar: str, value: object) -> None:
    read = yaml(tmp_path, f"key: {scalar}\n")["key"]
    assert (read, type(read)) == (value, type(value))


def test_keys_are_text(tmp_path: Path) -> None:
    assert yaml(tmp_path, "200: a\ntrue: b\n~: c\nx: [{1: d}]\n") == {"200": "a", "true": "b", "null": "c", "x": [{"1": "d"}]}


def test_anchors_and_merges_work(tmp_path: Path) -> None:
    assert yaml(tmp_path, "a: &a {x: 1}\nb: {<<: *a, y: 2}\n")["b"] == {"x": 1, "y": 2}


def test_a_file_that_refers_to_others_brings_them_along(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "a.yaml").write_text("x: {$ref: 'parts/b.json#/y'}\nz: {$ref: https://elsewhere.example/c.json}\n")
    (tmp_path / "parts" / "b.json").write_text('{"y": {"$ref": "../c.yml"}}')
    (tmp_path / "c.yml").write_text("type: string\n")
    found = load_documents([tmp_path / "a.yaml"])
    assert sorted(address.rpartition("/")[2] for address in found) == ["a.yaml", "b.json", "c.yml"]


def failure(path: Path) -> str:
    with pytest.raises(Failure) as raised:
        contract_fold(str(path), "server", DEFAULT_LIMITS)
    (line,) = str(raised.value).splitlines()
    return line


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("x.yaml", "a: [1\n", "not YAML"),
        ("x.yaml", "a: !!python/object/apply:os.system ['true']\n", "not YAML"),
        ("x.json", "{", "not JSON"),
        ("x.yaml", "just text", "neither an AsyncAPI document nor a JSON Schema"),
        ("x.json", '{"openapi": "3.1.0"}', "neither an AsyncAPI document nor a JSON Schema"),
        ("x.yaml", "type: object\nproperties: {a: {$ref: 'https://elsewhere.example/a.json'}}\n", "nothing is fetched"),
        ("x.yaml", "type: object\nproperties: {a: {$ref: 'gone.yaml'}}\n", "which is not there"),
        ("x.yaml", "asyncapi: 9.9.9\n", "neither 2.x nor 3.x"),
        ("x.yaml", "type: nonsense\n", "is no schema"),
        ("x.yaml", "type: object\n$schema: https://elsewhere.example/dialect\n", "dialect that is not known"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(tmp_path: Path, name: str, text: str, words: str) -> None:
    (tmp_path / name).write_text(text)
    line = failure(tmp_path / name)
    assert words in line
    assert name in line


def test_a_missing_file_and_an_empty_directory_are_said(tmp_path: Path) -> None:
    assert "No such file" in failure(tmp_path / "gone.yaml")
    assert "no schemas in this directory" in failure(tmp_path)
    (tmp_path / "shared.json").write_text('{"title": "Shared", "type": "object"}')
    assert "has a channel" in failure(tmp_path)


def test_few_lines_of_aliases_are_not_followed_without_end(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 8)}]" for n in range(1, 12)]
    (tmp_path / "x.yaml").write_text("type: object\n" + "\n".join(lines))
    assert "more than 1,000,000 values" in failure(tmp_path / "x.yaml")


def test_all_forms_of_a_contract_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "chat.json").write_text(json.dumps(CHAT))
    assert contract_fold(str(tmp_path / "chat.json"), "server", DEFAULT_LIMITS).contract.language == "AsyncAPI 2.6.0"
    schemas = tmp_path / "schemas"
    schemas.mkdir()
    (schemas / "a.schema.json").write_text('{"title": "/a", "type": "object", "properties": {"x": {"$ref": "shared.json"}}}')
    (schemas / "shared.json").write_text('{"title": "Shared", "type": "string"}')
    fold = contract_fold(str(schemas), "server", DEFAULT_LIMITS)
    assert [channel.name for channel in fold.contract.channels] == ["/a"]
    assert contract_fold(str(schemas / "a.schema.json"), "server", DEFAULT_LIMITS).contract.language == "JSON Schema"
