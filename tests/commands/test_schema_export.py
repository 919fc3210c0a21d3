"""`wsobserve schema export`: documents, code and pages, to standard output or into files; one line when it cannot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from wsobserve.cli import app

CAPTURES = Path(__file__).resolve().parents[2] / "captures"
DEMO = str(CAPTURES / "demo.pcapng")
BEGINNINGS = {
    "json-schema": '{\n  "/devices/{id}/telemetry": {',
    "pydantic": '"""Models of WebSocket messages',
    "typescript": "/** Types of WebSocket messages",
    "markdown": "# WebSocket messages\n",
    "html": "<!doctype html>\n",
}


def export(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["schema", "export", DEMO, "--workers", "1", *arguments])


@pytest.mark.parametrize("form", BEGINNINGS)
def test_without_output_everything_goes_to_standard_output(form: str) -> None:
    done = export("--as", form)
    assert done.exit_code == 0
    assert done.stdout.startswith(BEGINNINGS[form])
    assert done.stdout.endswith("\n")
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("form", "name"), [("pydantic", "messages.py"), ("html", "messages.html"), ("markdown", "messages.md")]
)
def test_one_text_goes_into_the_file_or_into_one_in_the_directory(form: str, name: str, tmp_path: Path) -> None:
    directory = tmp_path / "new" / "place"
    done = export("--as", form, "--output", str(directory))
    assert done.stdout == f"{directory / name}\n"
    named = tmp_path / f"mine{Path(name).suffix}"
    assert export("--as", form, "--output", str(named)).stdout == f"{named}\n"
    assert named.read_text() == (directory / name).read_text() == export("--as", form).stdout
    assert [path.name for path in directory.iterdir()] == [name]


def test_documents_go_into_one_file_a_channel(tmp_path: Path) -> None:
    done = export("--output", str(tmp_path))
    documents = [json.loads(Path(line).read_text()) for line in done.stdout.splitlines()]
    assert [document["title"] for document in documents] == list(json.loads(export().stdout))


def test_one_direction_and_one_channel() -> None:
    both = json.loads(export("--channel", "/stream").stdout)
    assert list(both) == ["/stream"]
    up, down = (
        json.loads(export("--channel", "/stream", "--direction", each).stdout)
        for each in ("client_to_server", "server_to_client")
    )
    ids = [{name for name in each["/stream"]["$defs"] if name.startswith("stream.")} for each in (up, down, both)]
    assert ids[0] | ids[1] == ids[2]
    assert not ids[0] & ids[1]
    assert "class Quote" not in export("--as", "pydantic", "--direction", "client_to_server").stdout
    nothing = export("--channel", "/nowhere")
    assert (nothing.exit_code, nothing.stdout) == (0, "{}\n")
    assert "no message kinds" in nothing.stderr


OVERLAY = """
channels:
  /stream: {title: Market, description: Prices and orders.}
kinds:
  - channel: /stream
    name: quote
    rename: price
    fields:
      ask: {description: what sellers want}
      nothing: {secret: true}
  - name: gone
    hide: true
"""


def test_what_a_person_says_is_in_every_form_and_what_finds_nothing_is_told(tmp_path: Path) -> None:
    path = tmp_path / "overlay.yaml"
    path.write_text(OVERLAY)
    documents = export("--overlay", str(path))
    stream: dict[str, Any] = json.loads(documents.stdout)["/stream"]
    assert (stream["title"], stream["description"]) == ("Market", "Prices and orders.")
    assert any(each.get("title") == "price" for each in stream["$defs"].values())
    assert documents.stderr.splitlines() == [
        f"wsobserve: {path}: kinds[0] (/stream quote): no field nothing",
        f"wsobserve: {path}: kinds[1] (gone): no such kind",
    ]
    assert "class Price(" in export("--as", "pydantic", "--overlay", str(path)).stdout
    assert "interface Price " in export("--as", "typescript", "--overlay", str(path)).stdout
    for form in ("markdown", "html"):
        text = export("--as", form, "--overlay", str(path), "--title", "Mine").stdout
        assert all(part in text for part in ("Mine", "Market", "price", "what sellers want"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"kinds: [{kind: a, colour: red}]", "line 1: kinds[0]: there is no setting `colour`"),
        (b"\xff\xfe", "is not text in UTF-8"),
        (None, "No such file or directory"),
    ],
)
def test_an_overlay_that_cannot_be_understood_is_one_line(content: bytes | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "overlay.yaml"
    if content is not None:
        path.write_bytes(content)
    done = export("--overlay", str(path), "--output", str(tmp_path / "out"))
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == f"wsobserve: {path}: {message}\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("form", ["json-schema", "html"])
def test_a_place_that_cannot_be_written_is_one_line(form: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here already")
    done = export("--as", form, "--output", str(tmp_path / "file"))
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"wsobserve: {tmp_path / 'file'}: ")
    assert len(done.stderr.splitlines()) == 1
    assert (tmp_path / "file").read_text() == "here already"


def test_wrong_usage_is_told_as_such() -> None:
    assert export("--as", "cobol").exit_code == 2
    assert export("--direction", "up").exit_code == 2
    assert export("--as", "pydantic", "--title", "x").exit_code == 2
