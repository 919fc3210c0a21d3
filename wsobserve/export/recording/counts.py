"""What became of the packets that a recorder was given."""

from __future__ import annotations

import msgspec


class RecordingCounts(msgspec.Struct, kw_only=True):
    """packets_seen == packets + sum(left_out) + packets_held. Merged by adding up.

    `left_out`, by reason: `not_chosen`, `memory` (of connections that were chosen: their packets had left the look-back
    buffer before, or there was no room to wait for those in front of them), `disk` (could not be written), `not_tcp`
    (nothing says to which connection they belong: other protocols, IP fragments), `internal` (behind a bug of ours),
    `worker_ended` (were held by a worker that ended).
    """

    packets_seen: int = 0
    packets: int = 0  # in files
    bytes: int = 0  # of files, as far as they were written
    connections: int = 0  # chosen
    chosen: dict[str, int] = {}  # the same, by what for: `sample`, `anomaly`, `channel`
    packets_cut: int = 0  # of those in files: without payload, because it was not understood well enough to redact it
    left_out: dict[str, int] = {}
    packets_held: int = 0
    bytes_held: int = 0
    files: int = 0  # begun
    files_removed: int = 0  # to stay within the number of files
    failures: int = 0
    last_error: str | None = None

    def merge(self, other: RecordingCounts) -> None:
        """Add up, field by field."""
        for field in self.__struct_fields__:
            ours, theirs = getattr(self, field), getattr(other, field)
            if isinstance(ours, dict):
                for key, count in theirs.items():
                    ours[key] = ours.get(key, 0) + count
            elif field == "last_error":
                self.last_error = theirs or ours
            else:
                setattr(self, field, ours + theirs)
