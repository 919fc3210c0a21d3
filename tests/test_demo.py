"""The bundled capture: found in a checkout and in an installed package, analysed, and handed to the dashboard."""

from __future__ import annotations

from pathlib import Path

import pytest

import wsobserve.demo
from wsobserve.capture.error import CaptureError
from wsobserve.demo import demo_capture, run_demo
from wsobserve.export.store import StoreReader


def test_the_bundled_capture_is_there() -> None:
    assert demo_capture().stat().st_size > 100_000


def test_without_it_the_complaint_is_clear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wsobserve.demo, "__file__", str(tmp_path / "wsobserve" / "demo.py"))
    with pytest.raises(CaptureError, match=r"demo\.pcapng"):
        demo_capture()


def test_it_is_analysed_summed_up_and_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[str, int]] = []

    def show(store_url: str, *, port: int, open_browser: bool) -> int:
        shown.append((store_url, port))
        return 0

    monkeypatch.setattr(wsobserve.demo, "run_dashboard", show)
    said: list[str] = []
    store = tmp_path / "demo.db"
    assert run_demo(store, 8599, False, said.append) == 0
    assert shown == [(str(store), 8599)]
    assert "Messages" in "\n".join(said)
    reader = StoreReader(str(store))
    run = reader.runs()[0]
    assert run["service"] == "demo"
    assert {row["channel"] for row in reader.channels(run["id"])} >= {"/stream", "/rooms/{id}"}
    assert reader.kinds(run["id"])
