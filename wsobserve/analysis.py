"""Capture files analysed once, for `wsobserve analyze`: everything exported, and the summary at the end."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from wsobserve.config import MIB
from wsobserve.export.exporter import Exporter
from wsobserve.export.summary import summary_lines
from wsobserve.findings import Findings
from wsobserve.observing import Exports
from wsobserve.progress import Progress
from wsobserve.records import ChannelMessage, Record, Snapshot
from wsobserve.workers import Workers

FLUSH_SECONDS = 30.0
# Messages are exported when their kinds are known, which is at the end; when more wait than this, without.
HELD_RECORDS = 50_000
HELD_BYTES = 64 * MIB


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


def _with_kind(record: Record, findings: Findings) -> Record:
    """A message with the kind to which it belongs, by what is known now; anything else as it is."""
    if not isinstance(record, ChannelMessage):
        return record
    return msgspec.structs.replace(record, schema=findings.schemas.kind_of(record))


def analyze_files(workers: Workers, exporters: Sequence[Exporter], progress: Progress | None = None) -> AnalysisResult:
    """Export what the workers find; closes the exporters.

    A file that cannot be read does not take away what the others gave: it is one of the `failures`.
    """
    exports = Exports(exporters)
    failures: list[str] = []
    snapshot: Snapshot | None = None
    held: list[Record] = []  # messages that wait for their kinds, and what came after them
    held_bytes = 0
    try:
        for step in workers.steps(progress):
            held += step.records
            held_bytes += sum(len(record.message.payload) for record in step.records if isinstance(record, ChannelMessage))
            if len(held) > HELD_RECORDS or held_bytes > HELD_BYTES:
                exports.add(held)
                held, held_bytes = [], 0
            if step.findings is None:
                continue
            failures += step.failures
            # Workers hand over findings as a whole, so a snapshot in between holds every volume, not only what changed.
            snapshot = step.findings.snapshot(final=step.last)
            exports.add([_with_kind(record, step.findings) for record in held])
            held, held_bytes = [], 0
            if snapshot.accounting.packets_seen or not failures:
                exports.add([snapshot])
    finally:
        exports.close(FLUSH_SECONDS)
    assert snapshot is not None
    failures += [f"{text} ({count} times)" if count > 1 else text for text, count in exports.failures.items()]
    return AnalysisResult(snapshot, failures)
