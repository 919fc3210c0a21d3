"""`wsobserve schema diff` as a stranger meets it: what changed on standard output, and a status that CI can tell apart."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

CAPTURES = Path(__file__).resolve().parents[2] / "captures"
DEMO = str(CAPTURES / "demo.pcapng")
OLD = {"type": "object", "properties": {"id": {"type": "integer"}}, "additionalProperties": False}
NEW = {**OLD, "properties": {"id": {"type": "number"}}}

Diff = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def diff(wsobserve_command: list[str], tmp_path: Path) -> Diff:
    for name, schema in (("old.json", OLD), ("new.json", NEW), ("words.json", {**OLD, "description": "d"})):
        (tmp_path / name).write_text(json.dumps(schema), encoding="utf-8")

    def diff(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*wsobserve_command, "schema", "diff", *arguments]
        return subprocess.run(command, cwd=tmp_path, timeout=120, check=False, capture_output=True, encoding="utf-8")

    return diff


def test_a_capture_is_identical_to_itself(diff: Diff) -> None:
    done = diff(DEMO, DEMO, "--fail-on", "any")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Identical: no change." in done.stdout


def test_a_capture_is_identical_to_what_was_exported_of_it_but_for_words(
    diff: Diff, wsobserve_command: list[str], tmp_path: Path
) -> None:
    export = [*wsobserve_command, "schema", "export", DEMO, "--output", str(tmp_path / "schemas")]
    subprocess.run(export, check=True, capture_output=True, timeout=120)
    done = diff(DEMO, "schemas", "--format", "json", "--fail-on", "any")
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["class"] in ("identical", "documentation")


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("old.json", "new.json"), 0),
        (("old.json", "new.json", "--fail-on", "any"), 3),
        (("old.json", "new.json", "--fail-on", "breaking"), 3),
        (("old.json", "new.json", "--fail-on", "breaking", "--direction", "server_to_client"), 3),
        (("old.json", "new.json", "--fail-on", "breaking", "--direction", "client_to_server"), 0),
        (("old.json", "new.json", "--fail-on", "any", "--direction", "client_to_server"), 3),
        (("old.json", "words.json", "--fail-on", "any"), 0),
        (("old.json", "nowhere.json"), 1),
        (("old.json",), 2),
        (("-", "-"), 2),
        (("old.json", "new.json", "--fail-on", "sometimes"), 2),
        (("old.json", "new.json", "--channel", "/nowhere"), 1),
    ],
)
def test_the_status_tells_breaking_from_unreadable_from_wrong_usage(
    diff: Diff, arguments: tuple[str, ...], status: int
) -> None:
    done = diff(*arguments)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    if status == 1:
        assert len(done.stderr.strip().splitlines()) == 1
    if status in (0, 3):
        assert done.stderr == ""


def test_every_form_says_the_same(diff: Diff) -> None:
    text, markdown = diff("old.json", "new.json").stdout, diff("old.json", "new.json", "--format", "markdown").stdout
    (change,) = json.loads(diff("old.json", "new.json", "--format", "json").stdout)["changes"]
    assert (change["path"], change["class"], change["pointer"]) == ("schema · id", "widening", "/properties/id")
    assert "type changed: integer -> number" in text
    assert "type changed: integer \\-\\> number" in markdown


def test_one_channel_and_one_direction_can_be_asked_for(diff: Diff) -> None:
    other = str(CAPTURES / "websockets_chat.pcap")
    everything = json.loads(diff(DEMO, other, "--format", "json").stdout)["changes"]
    part = diff(DEMO, other, "--format", "json", "--channel", "/rooms/{id}", "--direction", "client_to_server").stdout
    some = json.loads(part)["changes"]
    assert 0 < len(some) < len(everything)
    assert {change["channel"] for change in some} == {"/rooms/{id}"}
    assert {change["direction"] for change in some} == {"client_to_server"}
