"""Capture files analysed once, for `wsobserve analyze`: everything exported, and the summary at the end."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from wsobserve.export.exporter import Exporter
from wsobserve.export.summary import summary_lines
from wsobserve.observing import Exports
from wsobserve.progress import Progress
from wsobserve.records import Snapshot
from wsobserve.workers import Workers

FLUSH_SECONDS = 30.0


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


def analyze_files(workers: Workers, exporters: Sequence[Exporter], progress: Progress | None = None) -> AnalysisResult:
    """Export what the workers find; closes the exporters.

    A file that cannot be read does not take away what the others gave: it is one of the `failures`.
    """
    exports = Exports(exporters)
    failures: list[str] = []
    snapshot: Snapshot | None = None
    try:
        for step in workers.steps(progress):
            exports.add(step.records)
            if step.findings is None:
                continue
            failures += step.failures
            # Workers hand over findings as a whole, so a snapshot in between holds every volume, not only what changed.
            snapshot = step.findings.snapshot(final=step.last)
            if snapshot.accounting.packets_seen or not failures:
                exports.add([snapshot])
    finally:
        exports.close(FLUSH_SECONDS)
    assert snapshot is not None
    failures += [f"{text} ({count} times)" if count > 1 else text for text, count in exports.failures.items()]
    return AnalysisResult(snapshot, failures)
