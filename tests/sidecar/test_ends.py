"""What is watched, in words, and where everything goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from wsobserve.export.error import ExportError
from wsobserve.sidecar.ends import exporters_of, recorder_of, watching_text
from wsobserve.sidecar.settings import RecordingSettings, Settings


def test_what_is_watched_is_said() -> None:
    assert watching_text(Settings()) == "any"
    assert watching_text(Settings(interfaces=("eth0", "lo"), ports=("80", "90-95"))) == "eth0, lo port 80, 90-95"
    assert watching_text(Settings(pid=7)) == "any of process 7"


def test_exporters_have_names_and_are_closed_when_one_cannot_be_opened(tmp_path: Path) -> None:
    settings = Settings(store=str(tmp_path / "one.db"), otlp="http://127.0.0.1:1")
    exporters = exporters_of(settings, {"service.name": "chat"}, ["lo"])
    assert [name for name, _ in exporters] == ["store", "otlp"]
    for _, exporter in exporters:
        exporter.close()
    with pytest.raises(ExportError):
        exporters_of(Settings(store=str(tmp_path / "two.db"), otlp="gopher://x"), {}, ["lo"])


def test_nothing_is_recorded_unless_asked_for(tmp_path: Path) -> None:
    assert recorder_of(Settings(), 0) is None
    recorder = recorder_of(Settings(recording=RecordingSettings(directory=str(tmp_path), sample=1.0)), 0)
    assert recorder is not None
    recorder.close()
