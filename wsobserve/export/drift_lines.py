"""Certain changes of the messages as lines for people who watch, a few a minute: the rest is counted, and in the exports."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wsobserve.config import SECOND_NS
from wsobserve.export.rows import drift_row
from wsobserve.export.text import drift_line
from wsobserve.records import Record, SchemaDrift

MOST_A_MINUTE = 20
MINUTE_NS = 60 * SECOND_NS


class DriftLines:
    """Tells `say` a line for each certain change. Minutes are those of the capture's clock."""

    def __init__(self, say: Callable[[str], None], most: int = MOST_A_MINUTE) -> None:
        self._say = say
        self._most = most
        self._minute = 0
        self._said = 0
        self._unsaid = 0

    def add(self, records: Sequence[Record]) -> None:
        """Say what is drift among these records."""
        for record in records:
            if type(record) is not SchemaDrift or record.p_value is not None:
                continue
            minute = record.time_ns // MINUTE_NS
            if minute != self._minute:
                self.close()
                self._minute, self._said = minute, 0
            if self._said < self._most:
                self._said += 1
                self._say(f"drift: {drift_line(drift_row(record))}")
            else:
                self._unsaid += 1

    def close(self) -> None:
        """Say how many more there were."""
        if self._unsaid:
            self._say(f"drift: {self._unsaid} more changes within a minute")
        self._unsaid = 0
