"""The report of a check against a contract as lines for people: counts, violations, and what was never seen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from wsobserve.contract.report import ContractReport, Sighting, Uncontracted, Violation
from wsobserve.export.text import printable
from wsobserve.records import Direction

_WIDTH = 46
MOST_UNSEEN = 50  # names of one sort that are listed


def report_lines(report: ContractReport, most: int) -> list[str]:
    """All of it; of violations and of what is not in the contract the first `most`."""
    lines = [f"Contract: {printable(report.contract)} ({report.language})", f"{'Messages':<{_WIDTH}}{report.messages:>16,}"]
    for name, count in (
        ("valid", report.valid),
        ("violating the contract", report.violating),
        ("not in the contract", report.uncontracted_messages),
        ("not checked", report.not_checked_messages),
    ):
        lines.append(f"  {name:<{_WIDTH - 2}}{count:>16,}")
    lines += _section("Violations", [violation_line(each) for each in report.violations], most, report.violations_left_out)
    if report.faults_left_out:
        lines.append(f"  and {report.faults_left_out:,} further ones in messages that have many")
    lines += _section("Not in the contract", map(_uncontracted_line, report.uncontracted), most, report.uncontracted_left_out)
    not_checked = [f"{each.messages:>9,} x {printable(each.channel)}  {each.reason}" for each in report.not_checked]
    lines += _section("Not checked", not_checked, most, report.not_checked_left_out)
    return [*lines, *_coverage(report)]


def violation_line(violation: Violation) -> str:
    """One violation: how many messages, which message, where, what, and where it was first."""
    what = violation.keyword + (f": {printable(violation.detail)}" if violation.detail else "")
    where = f"{printable(violation.channel)}  {_sender(violation.direction)}  {printable(violation.message)}"
    line = f"{violation.messages:>9,} x {where}  {printable(violation.path) or '(the whole message)'}  {what}"
    location = f"{printable(violation.location)}; " if violation.location else ""
    return f"{line}\n            {location}{_first(violation.first)}"


def _uncontracted_line(entry: Uncontracted) -> str:
    where = f"{printable(entry.channel)}  {_sender(entry.direction)}  {printable(entry.name or '(no name)')}"
    return f"{entry.messages:>9,} x {where}\n            {_first(entry.first)}"


def _section(heading: str, entries: object, most: int, left_out: int) -> Iterator[str]:
    listed = list(entries)  # type: ignore[call-overload]  # lines
    if not listed and not left_out:
        return
    yield ""
    yield heading
    for entry in listed[:most]:
        yield from entry.split("\n")
    if len(listed) > most:
        yield f"  and {len(listed) - most:,} more (--max-violations shows them)"
    if left_out:
        yield f"  and {left_out:,} messages beyond what is told apart"


def _sender(direction: Direction | None) -> str:
    return (direction or "direction unknown").replace("_", " ")


def _first(first: Sighting) -> str:
    seconds, nanoseconds = divmod(first.time_ns, 1_000_000_000)
    time = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{nanoseconds // 1000:06d}Z"
    ends = f"client {first.client}, server {first.server}" if first.client else f"connection {first.connection}"
    return f"first in packet {first.packet}, {time}, {ends}"


def _coverage(report: ContractReport) -> Iterator[str]:
    yield ""
    yield "Never seen of the contract"
    channels = [each.channel for each in report.channels if not each.messages]
    yield from _unseen("channels", channels, len(report.channels))
    operations = [each.operation for each in report.operations if not each.messages]
    yield from _unseen("operations", operations, len(report.operations))
    messages = [f"{each.channel} {each.message}" for each in report.coverage if not each.messages]
    yield from _unseen("messages", messages, len(report.coverage))
    seen = [each for each in report.coverage if each.messages]
    properties = [f"{each.channel} {each.message} {path}" for each in seen for path in each.properties_unseen]
    yield from _unseen("properties of messages that were seen", properties, sum(each.properties for each in seen))
    members = [f"{each.channel} {each.message} {path} = {member}" for each in seen for path, member in each.members_unseen]
    yield from _unseen("values of enumerations in them", members, sum(each.members for each in seen))
    left_out = sum(each.left_out for each in report.coverage)
    if left_out:
        yield f"  {left_out:,} names of the contract were not looked for: there are too many"


def _unseen(what: str, names: list[str], total: int) -> Iterator[str]:
    yield f"  {what}: {len(names):,} of {total:,}"
    for name in names[:MOST_UNSEEN]:
        yield f"    {printable(name)}"
    if len(names) > MOST_UNSEEN:
        yield f"    and {len(names) - MOST_UNSEEN:,} more (--format json lists them all)"
