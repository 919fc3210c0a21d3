"""The command line. Everything heavy is imported by the command that needs it: `--help` answers at once.

Exit status: 0 done (anomalies in a capture are data, not failure), 1 the input could not be read or an output not be
written (one line on standard error says which and why), 2 wrong usage. Standard output holds results and nothing else.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from wsobserve import __version__, options
from wsobserve.commands.attach import attach
from wsobserve.commands.check import check
from wsobserve.commands.running import Failure, chosen_form, failures_as_lines, last_step, loss_text, observed, say
from wsobserve.commands.schema import schema
from wsobserve.commands.status import status
from wsobserve.config import DEFAULT_LIMITS, SECOND_NS

if TYPE_CHECKING:
    from wsobserve.analysis import AnalysisResult
    from wsobserve.export.rows import PayloadForm, Row
    from wsobserve.listing import ListingForm
    from wsobserve.records import Record

SNAPSHOT_EVERY_NS = 60 * SECOND_NS


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="wsobserve", message="%(prog)s %(version)s")
def app() -> None:
    """See what runs over WebSockets: channels, message kinds, schemas and volumes, from captured traffic."""


app.add_command(schema)
app.add_command(check)
app.add_command(attach)
app.add_command(status)


def main() -> None:
    """The console script."""
    # Nearly all that is made is freed by its last reference; looking for cycles at the usual pace cost 5 % of `analyze`.
    gc.set_threshold(50_000, 20, 50)
    try:
        app()
    except BrokenPipeError:
        # Whoever read our output has had enough (`| head`). Python would complain once more when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(130)


@app.command(epilog=options.FILES_HELP)
@options.files
@options.payload
@options.form
def frames(files: tuple[str, ...], payload: PayloadForm, form: ListingForm | None) -> None:
    """List the frames of capture files, with anomalies and losses."""
    from wsobserve.export.rows import frame_row
    from wsobserve.records import Frame

    def row(record: Record) -> Row | None:
        return frame_row(record, payload) if isinstance(record, Frame) else None

    _list(files, form, row, frames=True)


@app.command(epilog=options.FILES_HELP)
@options.files
@options.payload
@options.form
def messages(files: tuple[str, ...], payload: PayloadForm, form: ListingForm | None) -> None:
    """List the messages of capture files, with anomalies and losses.

    Files are read twice: their messages tell which kinds there are, then each is told its kind (`schema`). Standard input can
    be read once only, and tells no kinds.
    """
    import msgspec

    from wsobserve.export.rows import message_row
    from wsobserve.observing import learnt_kinds
    from wsobserve.records import ChannelMessage

    kind_of = learnt_kinds(files)

    def row(record: Record) -> Row | None:
        if not isinstance(record, ChannelMessage):
            return None
        return message_row([msgspec.structs.replace(record, schema=kind_of(record))], payload)

    _list(files, form, row, messages=None)


@app.command(epilog=options.FILES_HELP)
@options.files
@options.form
def connections(files: tuple[str, ...], form: ListingForm | None) -> None:
    """List the WebSocket connections of capture files, refused and unanswered ones included."""
    from wsobserve.export.rows import connection_row
    from wsobserve.records import ConnectionSummary

    def row(record: Record) -> Row | None:
        return connection_row(record) if isinstance(record, ConnectionSummary) else None

    _list(files, form, row, anomalies=False)


def _list(
    files: tuple[str, ...],
    form: ListingForm | None,
    row_of: Callable[[Record], Row | None],
    *,
    frames: bool = False,
    messages: int | None = 0,
    anomalies: bool = True,
) -> None:
    from wsobserve.export.rows import anomaly_row, loss_row
    from wsobserve.listing import Listing
    from wsobserve.observing import observe_files
    from wsobserve.pipeline import Pipeline
    from wsobserve.records import Anomaly, CaptureLoss

    listing = Listing(chosen_form(form), sys.stdout.write)
    with failures_as_lines():
        for records in observe_files(files, Pipeline(folds=False, frames=frames, messages=messages, survive=True)):
            for record in records:
                row = row_of(record)
                if row is None and anomalies and isinstance(record, Anomaly):
                    row = anomaly_row(record)
                elif row is None and isinstance(record, CaptureLoss):
                    row = loss_row(record)
                    say(loss_text(record))
                if row is not None:
                    listing.add(row)
        for kind, count in listing.left_out.items():
            say(f"{count} {kind} records are not in the CSV (--format ndjson has them)")
        sys.stdout.flush()


@app.command(epilog=options.FILES_HELP)
@options.files
@options.form
@options.workers
def channels(files: tuple[str, ...], form: ListingForm | None, workers: int | None) -> None:
    """List the channels of capture files: messages, bytes and sizes per direction."""
    from wsobserve.export.rows import channel_row
    from wsobserve.export.text import channel_heading
    from wsobserve.listing import Listing

    with failures_as_lines():
        snapshot = observed(files, workers)
        chosen = chosen_form(form)
        listing = Listing(chosen, sys.stdout.write)
        if chosen == "table":
            print(channel_heading())
        for total in snapshot.channels:
            listing.add(channel_row(total))
        sys.stdout.flush()


@app.command(epilog=options.FILES_HELP)
@options.files
@options.as_json
@options.workers
@options.progress
def count(files: tuple[str, ...], as_json: bool, workers: int | None, progress: bool | None) -> None:
    """Count what capture files hold: packets, connections, frames, messages, bytes, and all that was lost or not decoded."""
    import msgspec

    from wsobserve.export.count import count_lines

    with failures_as_lines():
        last = last_step(files, workers, folds=False, progress=progress)
        assert last.findings is not None
        accounting = last.findings.accounting
        if accounting.packets_seen or not last.failures:
            print(msgspec.json.encode(accounting).decode() if as_json else "\n".join(count_lines(accounting)), flush=True)
        if last.failures:
            raise Failure("; ".join(last.failures))


@app.command(epilog=options.FILES_HELP)
@options.files
@options.store
@options.otlp
@options.service
@options.as_json
@options.workers
@options.progress
def analyze(
    files: tuple[str, ...],
    store: str | None,
    otlp: str | None,
    service: str | None,
    as_json: bool,
    workers: int | None,
    progress: bool | None,
) -> None:
    """Analyse capture files, export what was found, and sum up, including what was lost or not decoded."""
    from wsobserve.analysis import analyze_files
    from wsobserve.observing import open_exporters
    from wsobserve.progress import progress_bar
    from wsobserve.workers import Plan, Workers, fitting_workers

    plan = Plan(
        paths=files,
        messages=DEFAULT_LIMITS.stored_messages if store else 0,
        # A span of a connection can tell what happened in it only if somebody looked in between.
        snapshot_every_ns=SNAPSHOT_EVERY_NS if otlp else None,
    )
    with failures_as_lines(), Workers(plan, fitting_workers(files, workers)) as observers:
        exporters = open_exporters(store, otlp, service, files)
        with progress_bar(sys.stderr.isatty() if progress is None else progress) as show:
            result = analyze_files(observers, exporters, show)
        _finish(result, as_json)


def _finish(result: AnalysisResult, as_json: bool) -> None:
    print(result.json_text() if as_json else "\n".join(result.lines()), flush=True)
    if result.failures:
        raise Failure("; ".join(result.failures))


def _print(text: str) -> None:
    print(text, flush=True)


@app.command()
@click.option("--store", metavar="URL", default="wsobserve.db", show_default=True, help="The store to show.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True, help="Port to listen on.")
@click.option("--open/--no-open", "open_browser", default=False, help="Open it in a browser.")
def dashboard(store: str, host: str, port: int, open_browser: bool) -> None:
    """Show a store in the browser: overview, channels, schemas."""
    from wsobserve.dashboard import run_dashboard

    with failures_as_lines():
        status = run_dashboard(store, host=host, port=port, open_browser=open_browser)
    raise click.exceptions.Exit(status)


@app.command()
@click.option("--store", metavar="FILE", help="Where the store is made. Default: a temporary directory.")
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True, help="Port of the dashboard.")
@click.option("--open/--no-open", "open_browser", default=False, help="Open it in a browser.")
def demo(store: str | None, port: int, open_browser: bool) -> None:
    """Analyse the bundled capture and show it in the dashboard."""
    from pathlib import Path

    from wsobserve.demo import run_demo

    with failures_as_lines():
        status = run_demo(Path(store) if store else None, port, open_browser, _print)
    raise click.exceptions.Exit(status)


@app.command()
def doctor() -> None:
    """Say what is installed, which build runs, and what this machine allows."""
    from wsobserve.doctor import doctor_lines

    for line in doctor_lines():
        print(line)
