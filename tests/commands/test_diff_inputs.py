"""What a side of `schema diff` may be, and the one line that is said of what it cannot be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.compare.test_asyncapi import THREE
from wsobserve.commands import diff_inputs
from wsobserve.commands.diff_inputs import described
from wsobserve.commands.running import Failure
from wsobserve.config import DEFAULT_LIMITS
from wsobserve.export.error import ExportError
from wsobserve.export.store import StoreExporter
from wsobserve.observing import observe_files
from wsobserve.pipeline import Pipeline

CAPTURES = Path(__file__).resolve().parents[2] / "captures"
CHAT = str(CAPTURES / "websockets_chat.pcap")


def written(path: Path, document: Any) -> str:
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return str(path)


def stored(path: Path) -> str:
    """A store with two runs: nothing but what was found in the chat, then nothing at all."""
    for capture in (CHAT, str(CAPTURES / "midstream.pcap")):
        pipeline = Pipeline(DEFAULT_LIMITS)
        for _ in observe_files((capture,), pipeline):
            pass
        store = StoreExporter(str(path), sources=[capture])
        store.export([pipeline.snapshot(final=True)])
        store.flush(10)
        store.close()
    return str(path)


def channels(name: str) -> list[str]:
    return [channel.address for channel in described(name).channels]


def test_a_capture_is_traffic(tmp_path: Path) -> None:
    side = described(CHAT)
    assert side.traffic
    assert side.channels
    assert [channel.address for channel in side.channels] == channels(CHAT)


def test_a_store_gives_its_latest_run_or_the_one_that_is_named(tmp_path: Path) -> None:
    name = stored(tmp_path / "obs.db")
    of_chat = channels(CHAT)
    assert channels(f"{name}@1") == channels(f"{name}@run1") == of_chat
    assert channels(name) == channels(f"{name}@latest") == channels(f"sqlite:///{name}@2") != of_chat
    for wrong, reason in ((f"{name}@3", "no run 3"), (f"{name}@v9x", "no run")):
        with pytest.raises(Failure, match=reason):
            described(wrong)


def test_documents_in_json_and_yaml(tmp_path: Path) -> None:
    as_json = written(tmp_path / "a.json", THREE)
    as_yaml = written(tmp_path / "a.yaml", "asyncapi: 3.1.0\nchannels:\n  rooms:\n    address: /rooms/{id}\n")
    without_suffix = written(
        tmp_path / "contract",
        "asyncapi: 3.1.0\nchannels: {rooms: {address: /rooms/{id}}}\n".replace("/rooms/{id}", "'/rooms/{id}'"),
    )
    assert channels(as_json) == channels(as_yaml) == channels(without_suffix) == ["/rooms/{id}"]


def test_yaml_that_means_json_but_says_dates_and_numbers(tmp_path: Path) -> None:
    name = written(tmp_path / "s.yaml", "type: object\nproperties:\n  1: {const: 2024-01-01}\n  on: {type: string}\n")
    ((kind,),) = [channel.kinds for channel in described(name).channels]
    assert kind.node[0].schema["properties"] == {"1": {"const": "2024-01-01"}, "on": {"type": "string"}}


def test_a_directory_holds_a_kind_a_file(tmp_path: Path) -> None:
    written(tmp_path / "join.schema.json", {"type": "object"})
    written(tmp_path / "say.json", {"type": "string"})
    written(tmp_path / "notes.txt", "not looked at")
    (channel,) = described(str(tmp_path)).channels
    assert [kind.id for kind in channel.kinds] == ["join", "say"]


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("a.json", "{", "not JSON"),
        ("a.json", '{"a": 1}', "neither a JSON Schema nor an AsyncAPI document"),
        ("a.json", "[" * 100_000, "nested"),
        ("a.json", '{"minimum": ' + "9" * 5_000 + "}", "too long"),
        ("a.json", '{"asyncapi": "1.0.0"}', "AsyncAPI 1.0.0 is not known"),
        ("a.yaml", "a: [", "not YAML"),
        ("a.yaml", "a: !!python/object:os.system x", "not YAML"),
        ("a.yaml", "a: &a [*a]", "refers to itself"),
        (
            "a.yaml",
            "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9)),
            "values",
        ),
        ("notes.txt", "just words", "neither a JSON Schema nor an AsyncAPI document"),
        ("a.yaml", "\x01", "not YAML"),
    ],
)
def test_a_bad_document_is_one_line(tmp_path: Path, name: str, text: str, reason: str) -> None:
    path = written(tmp_path / name, text)
    with pytest.raises(Failure, match=reason) as raised:
        described(path)
    assert str(raised.value).startswith(path)
    assert len(str(raised.value).splitlines()) == 1


def test_what_is_not_there_or_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "latin.json").write_bytes(b'{"title": "\xe9"}')
    (tmp_path / "bad.db").write_bytes(b"SQLite format 3\0" + b"x" * 100)
    for name, reason in (
        ("nowhere", "no such file"),
        ("nowhere@3", "no such file"),
        ("empty", "no JSON Schema"),
        ("latin.json", "not UTF-8"),
    ):
        with pytest.raises(Failure, match=reason):
            described(str(tmp_path / name))
    with pytest.raises(ExportError):
        described(str(tmp_path / "bad.db"))


def test_a_document_longer_than_the_limit_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diff_inputs, "MOST_BYTES", 1 << 20)
    with pytest.raises(Failure, match="longer than 1 MiB"):
        described(written(tmp_path / "a.json", '{"title": "' + "x" * (1 << 20) + '"}'))
