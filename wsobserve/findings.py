"""What one pipeline knows at a moment: its folds and its accounting. Those of several pipelines add up by `merge`.

Pipelines that share the connections of one capture among them give the same findings, added up, as one pipeline that
saw all of it. Findings hold payloads as a bounded sample of each channel, from which schemas are made, and can be handed from
process to process; a snapshot of them holds none.
"""

from __future__ import annotations

from wsobserve.config import DEFAULT_LIMITS, Limits
from wsobserve.records import Accounting, ConnectionSummary, Snapshot
from wsobserve.schema.fold import SchemaFold
from wsobserve.stats.channels import channel_totals
from wsobserve.stats.connections import ConnectionFold
from wsobserve.stats.routes import RouteFold
from wsobserve.stats.series import SeriesFold
from wsobserve.stats.volume import VolumeFold


class Findings:
    """A fold over everything: empty at first, neutral when merged empty."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self.schemas = SchemaFold(limits)
        self.volumes = VolumeFold(limits)
        self.series = SeriesFold(limits)
        self.connections = ConnectionFold(limits)
        self.routes = RouteFold(limits)
        self.accounting = Accounting()
        self.open_connections: list[ConnectionSummary] = []
        self.now_ns = 0  # the capture's clock: the latest packet

    def merge(self, other: Findings) -> None:
        """Take over what the other knows; it stays as it is."""
        self.schemas.merge(other.schemas)
        self.volumes.merge(other.volumes)
        self.series.merge(other.series)
        self.connections.merge(other.connections)
        self.routes.merge(other.routes)
        self.accounting.merge(other.accounting)
        self.open_connections += other.open_connections
        self.now_ns = max(self.now_ns, other.now_ns)

    def snapshot(self, *, final: bool = False, only_changed: bool = False) -> Snapshot:
        """All of it as one record.

        `only_changed`: of volumes only those that changed since the last such call, and kinds may be those of a while ago.
        """
        series = self.series.snapshot(self.now_ns)
        kinds = self.schemas.kinds(self.now_ns, fresh=final or not only_changed)
        return Snapshot(
            time_ns=self.now_ns,
            accounting=self.accounting,
            series=series,
            channels=tuple(channel_totals(series)),
            volumes=self.volumes.changed() if only_changed else self.volumes.snapshot(self.now_ns),
            connection_totals=self.connections.snapshot(self.now_ns),
            open_connections=tuple(sorted(self.open_connections, key=_identity)),
            routes=self.routes.snapshot(self.now_ns),
            kinds=kinds,
            messages_without_kind=self.schemas.without_kind,
            messages_in_overflow=self.series.overflow_messages,
            final=final,
        )


def _identity(summary: ConnectionSummary) -> tuple[int, str, int]:
    return summary.started_ns, summary.half.connection, summary.half.stream or 0
