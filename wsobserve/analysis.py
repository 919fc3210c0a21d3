"""Capture files analysed once, for `wsobserve analyze`: everything exported, and the summary at the end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import msgspec

from wsobserve.capture.error import CaptureError
from wsobserve.export.exporter import Exporter
from wsobserve.export.summary import summary_lines
from wsobserve.observing import Exports, observe_files
from wsobserve.pipeline import Pipeline
from wsobserve.records import Snapshot

FLUSH_SECONDS = 30.0

Progress = Callable[[int, int | None], None]


class AnalysisResult:
    """What was found, and what went wrong outside of the capture."""

    def __init__(self, snapshot: Snapshot, failures: list[str]) -> None:
        self.snapshot = snapshot
        self.failures = failures

    def lines(self) -> list[str]:
        """The summary for people."""
        return summary_lines(self.snapshot)

    def json_text(self) -> str:
        """The accounting as one JSON object."""
        return msgspec.json.encode(self.snapshot.accounting).decode()


def analyze_files(
    paths: Sequence[str],
    exporters: Sequence[Exporter],
    progress: Progress | None = None,
    snapshot_every_ns: int | None = None,
) -> AnalysisResult:
    """Analyse `paths` and export what is found; closes the exporters.

    `snapshot_every_ns`: hand exporters a snapshot that often, in the capture's time, and not only at the end.

    A file that cannot be read does not take away what the others gave: it is one of the `failures`.
    """
    pipeline = Pipeline(survive=True)
    exports = Exports(exporters)
    failures: list[str] = []
    snapshot: Snapshot | None = None
    try:
        try:
            next_snapshot_ns: int | None = None
            for records in observe_files(paths, pipeline, progress=progress):
                exports.add(records)
                if snapshot_every_ns is None or pipeline.now_ns < (next_snapshot_ns or pipeline.now_ns):
                    continue
                if next_snapshot_ns is not None:
                    exports.add([pipeline.snapshot(only_changed=True)])
                next_snapshot_ns = pipeline.now_ns + snapshot_every_ns
        except CaptureError as error:
            failures.append(str(error))
        snapshot = pipeline.snapshot(final=True)
        if snapshot.accounting.packets_seen or not failures:
            exports.add([snapshot])
    finally:
        exports.close(FLUSH_SECONDS)
    failures += [f"{text} ({count} times)" if count > 1 else text for text, count in exports.failures.items()]
    return AnalysisResult(snapshot, failures)


@contextmanager
def progress_bar(wanted: bool) -> Iterator[Progress | None]:
    """A progress bar on standard error, over the bytes of the files."""
    if not wanted:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(file=sys.stderr)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("analysing", total=None)

        def show(bytes_read: int, total: int | None) -> None:
            bar.update(task, completed=bytes_read, total=total)

        yield show
