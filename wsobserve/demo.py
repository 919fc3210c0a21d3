"""The bundled capture, analysed into a store and shown in the dashboard."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from wsobserve.analysis import analyze_files
from wsobserve.capture.error import CaptureError
from wsobserve.dashboard import run_dashboard
from wsobserve.export.error import ExportError
from wsobserve.export.store import StoreExporter
from wsobserve.workers import Plan, Workers

CAPTURE = "demo.pcapng"


def demo_capture() -> Path:
    """The bundled capture: in the installed package, or in a checkout. CaptureError when it is in neither."""
    package = Path(__file__).parent
    for path in (package / "_demo" / CAPTURE, package.parent / "captures" / CAPTURE):
        if path.is_file():
            return path
    raise CaptureError(f"{CAPTURE}: the bundled capture is not in this installation")


def run_demo(store: Path | None, port: int, open_browser: bool, say: Callable[[str], None]) -> int:
    """Analyse, sum up (line by line to `say`), and serve the dashboard until it is stopped; returns its exit status."""
    capture = demo_capture()
    with tempfile.TemporaryDirectory(prefix="wsobserve-demo-") as directory:
        path = store or Path(directory) / "demo.db"
        say(f"Analysing {capture.name} into {path}\n")
        exporter = StoreExporter(str(path), service="demo", sources=[capture.name])
        with Workers(Plan(paths=(str(capture),)), 1) as workers:
            result = analyze_files(workers, [exporter])
        if result.failures:
            raise ExportError("; ".join(result.failures))
        say("\n".join(result.lines()) + "\n")
        return run_dashboard(str(path), port=port, open_browser=open_browser)
