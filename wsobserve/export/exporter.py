"""What every way out of wsobserve can do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from wsobserve.records import Record


class Exporter(Protocol):
    """Takes records out of the process. A record of a kind that it has no use for is passed over.

    It is given `Handshake`, `ChannelMessage`, `ConnectionSummary`, `Anomaly`, `CaptureLoss` and `Snapshot` records.
    """

    def export(self, records: Sequence[Record]) -> None:
        """Hand over all of `records`; on `ExportError` none of them has been, and the caller counts them."""
        ...

    def flush(self, timeout_s: float) -> bool:
        """Wait until everything handed over has left; False when that took longer than `timeout_s`."""
        ...

    def close(self) -> None:
        """Give everything back. Nothing is exported afterwards; a second call does nothing."""
        ...
