"""Lines about drift for people who watch: certain changes only, a few a minute, the rest counted."""

from __future__ import annotations

from wsobserve.config import SECOND_NS
from wsobserve.export.drift_lines import DriftLines
from wsobserve.records import CaptureLoss, Half, SchemaDrift

HALF = Half(connection="c", source="a:1", destination="b:2")


def drift(second: int, path: str = "/venue", p_value: float | None = None) -> SchemaDrift:
    return SchemaDrift(
        time_ns=second * SECOND_NS,
        packet=7,
        half=HALF,
        channel="/ticks",
        kind="ticks.trade-3f9a01",
        name="trade",
        change="new_field",
        path=path,
        detail="string, in none of 400 before",
        p_value=p_value,
    )


def test_a_certain_change_is_a_line_without_control_characters() -> None:
    lines: list[str] = []
    DriftLines(lines.append).add([drift(1, "/a\x1b[31m")])
    assert lines == [
        "drift: 00:00:01.000000  ticks.trade-3f9a01  new_field         /a\\x1b[31m  (string, in none of 400 before; packet 7)"
    ]


def test_what_is_told_over_many_and_other_records_are_no_line() -> None:
    lines: list[str] = []
    DriftLines(lines.append).add([drift(1, p_value=1e-9), CaptureLoss(source="x", reason="file_cut")])
    assert lines == []


def test_beyond_so_many_a_minute_they_are_counted() -> None:
    lines: list[str] = []
    say = DriftLines(lines.append, most=2)
    say.add([drift(60 + number) for number in range(5)])
    say.add([drift(120)])
    say.close()
    assert len(lines) == 4
    assert lines[2] == "drift: 3 more changes within a minute"
