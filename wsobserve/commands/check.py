"""`wsobserve check`: traffic held against a contract, an AsyncAPI document or JSON Schemas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from wsobserve import options
from wsobserve.commands.running import Failure, failures_as_lines, loss_text, say
from wsobserve.config import DEFAULT_LIMITS

if TYPE_CHECKING:
    from wsobserve.contract.asyncapi import Perspective
    from wsobserve.contract.fold import ContractFold
    from wsobserve.contract.report import ContractReport
    from wsobserve.records import Record

VIOLATIONS = 3  # the exit status

EPILOG = f"""{options.FILES_HELP}

Exit status: 0, nothing violates the contract; 1, an input could not be read, or there is no contract that can be used;
2, wrong usage; 3, messages violate the contract (0 with --fail-on none)."""


@click.command(epilog=EPILOG)
@click.argument("files", metavar="FILE...", nargs=-1)
@click.option(
    "--contract",
    required=True,
    metavar="DOCUMENT",
    help="An AsyncAPI 2 or 3 document, a JSON Schema, or a directory of JSON Schemas that have a channel for their title.",
)
@click.option("--live", is_flag=True, help="Watch an interface (as `wsobserve attach` does) until SIGINT or SIGTERM.")
@click.option("--interface", "-i", help="With --live: the interface to watch (any: all of them).")
@click.option(
    "--port",
    "-p",
    "ports",
    type=click.IntRange(1, 65535),
    multiple=True,
    help="With --live: only TCP on this port; repeatable.",
)
@click.option(
    "--perspective",
    type=click.Choice(["server", "client"]),
    default="server",
    show_default=True,
    help="Whose AsyncAPI document it is: what the server sends, or what a client sends.",
)
@options.channel
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--max-violations",
    type=click.IntRange(min=1, max=DEFAULT_LIMITS.contract_violations),
    default=100,
    show_default=True,
    help="Show so many; all are counted.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["violations", "none"]),
    default="violations",
    show_default=True,
    help="What makes the exit status 3.",
)
def check(
    files: tuple[str, ...],
    contract: str,
    live: bool,
    interface: str | None,
    ports: tuple[int, ...],
    perspective: Perspective,
    channel: str | None,
    form: str,
    max_violations: int,
    fail_on: str,
) -> None:
    """Check captured or live traffic against a contract: violations, and what of the contract was never seen."""
    from wsobserve.commands.contract_files import contract_fold

    if live and (files or interface is None):
        raise click.UsageError("--live takes --interface, and no files")
    if not live and (interface is not None or ports):
        raise click.UsageError("--interface and --port go with --live")
    if not live and not files:
        raise click.UsageError("Missing argument 'FILE...'.")
    with failures_as_lines():
        fold = contract_fold(contract, perspective, DEFAULT_LIMITS)
        failures = _watch(interface, ports, fold, channel) if interface else _read(files, fold, channel)
        violating = _show(fold, form, max_violations)
        if failures:
            raise Failure("; ".join(failures))
    if violating and fail_on == "violations":
        raise click.exceptions.Exit(VIOLATIONS)


def _show(fold: ContractFold, form: str, most: int) -> int:
    """Print the report; how many messages violate the contract."""
    import msgspec

    from wsobserve.contract.snapshot import report
    from wsobserve.export.contract_text import report_lines

    found = report(fold)
    if not found.messages:
        say("there were no messages to check")
    text = msgspec.json.encode(_shortened(found, most)).decode() if form == "json" else "\n".join(report_lines(found, most))
    print(text, flush=True)
    return found.violating


def _shortened(found: ContractReport, most: int) -> ContractReport:
    """With the first violations; the messages of the others are counted."""
    import msgspec

    rest = sum(each.messages for each in found.violations[most:])
    return msgspec.structs.replace(
        found, violations=found.violations[:most], violations_left_out=found.violations_left_out + rest
    )


def _read(files: tuple[str, ...], fold: ContractFold, channel: str | None) -> list[str]:
    """Check capture files; what could not be read."""
    from wsobserve.capture.error import CaptureError
    from wsobserve.observing import observe_files
    from wsobserve.pipeline import Pipeline
    from wsobserve.records import CaptureLoss

    checking = Checking(fold, channel)
    try:
        for records in observe_files(files, Pipeline(folds=False, frames=False, survive=True)):
            checking.export(records)
            for record in records:
                if isinstance(record, CaptureLoss):
                    say(loss_text(record))
    except CaptureError as error:
        return [str(error)]
    return []


def _watch(interface: str, ports: tuple[int, ...], fold: ContractFold, channel: str | None) -> list[str]:
    """Check what comes over an interface, and tell of new violations as they come; what went wrong."""
    from wsobserve.capture.live import LiveSource
    from wsobserve.sidecar.watch import watch

    of_ports = f" port {', '.join(map(str, ports))}" if ports else ""
    checking = Checking(fold, channel, say)
    return watch(lambda: LiveSource(interface, ports), f"{interface}{of_ports}", [checking], 1.0, say).failures


class Checking:
    """Holds messages against a contract: an exporter. `tell` is told of each violation that is new."""

    def __init__(self, fold: ContractFold, channel: str | None, tell: Callable[[str], None] | None = None) -> None:
        self._fold = fold
        self._channel = channel
        self._tell = tell
        self._told = 0

    def export(self, records: Sequence[Record]) -> None:
        """Check the messages among these."""
        from wsobserve.records import ChannelMessage

        add = self._fold.add
        for record in records:
            if type(record) is ChannelMessage and self._channel in (None, record.channel):
                add(record)
        if self._tell is not None:
            self._tell_new(self._tell)

    def _tell_new(self, tell: Callable[[str], None]) -> None:
        entries = self._fold.violations.entries
        # Entries keep their order and new ones come last. Few are ever given up; then some may be passed over in here.
        for channel, _, message, path, keyword, detail, _ in list(entries)[self._told :]:
            where = " ".join(part for part in (channel, message or "", path) if part)
            tell(f"violation: {where}: {keyword}{f': {detail}' if detail else ''}")
        self._told = len(entries)

    def flush(self, timeout_s: float) -> bool:
        """Nothing waits in here."""
        return True

    def close(self) -> None:
        """Nothing is held in here."""
