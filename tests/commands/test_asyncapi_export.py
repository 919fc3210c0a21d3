"""`wsobserve schema export --as asyncapi`: a document on standard output or in a file; what the world refuses is one line."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml

DEMO = str(Path(__file__).resolve().parents[2] / "captures" / "demo.pcapng")


def export(command: list[str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command, "schema", "export", "--as", "asyncapi", DEMO, *arguments], capture_output=True, text=True, timeout=60
    )


def test_yaml_on_standard_output(wsobserve_command: list[str]) -> None:
    done = export(wsobserve_command, "--title", "Trading floor")
    document = yaml.safe_load(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert (document["asyncapi"], document["info"]["title"]) == ("3.1.0", "Trading floor")
    assert list(document["channels"]) == ["devices-id-telemetry", "notifications", "rooms-id", "stream"]
    assert export(wsobserve_command, "--title", "Trading floor", "--workers", "2").stdout == done.stdout


@pytest.mark.parametrize(("name", "written"), [("api.json", "api.json"), ("api.yml", "api.yml"), ("", "asyncapi.yaml")])
def test_a_file_in_the_form_that_its_name_says(wsobserve_command: list[str], tmp_path: Path, name: str, written: str) -> None:
    done = export(wsobserve_command, "--output", str(tmp_path / name))
    path = tmp_path / written
    assert done.stdout == f"{path}\n"
    text = path.read_text(encoding="utf-8")
    document = json.loads(text) if name.endswith("json") else yaml.safe_load(text)
    assert document["info"]["title"] == "WebSocket API of 10.20.0.10:8080"
    assert text.startswith("{") == name.endswith("json")


def test_a_file_that_cannot_be_written_is_one_line(wsobserve_command: list[str], tmp_path: Path) -> None:
    path = tmp_path / "missing" / "api.yaml"
    done = export(wsobserve_command, "--output", str(path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"wsobserve: {path}: No such file or directory\n"
