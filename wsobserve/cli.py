"""The command line. Everything heavy is imported by the command that needs it: `--help` answers at once.

Exit status: 0 done (anomalies in a capture are data, not failure), 1 the input could not be read or an output not be
written (one line on standard error says which and why), 2 wrong usage. Standard output holds results and nothing else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wsobserve import __version__
from wsobserve.config import DEFAULT_LIMITS, SECOND_NS
from wsobserve.options import (
    AsJson,
    Files,
    Form,
    FormChoice,
    Otlp,
    Payload,
    PayloadChoice,
    SchemaForm,
    Service,
    ShowProgress,
    Store,
    WorkerCount,
)

if TYPE_CHECKING:
    from wsobserve.analysis import AnalysisResult
    from wsobserve.export.rows import Row
    from wsobserve.listing import ListingForm
    from wsobserve.records import CaptureLoss, Record, Snapshot
    from wsobserve.workers import Step

app = typer.Typer(
    name="wsobserve",
    help="See what runs over WebSockets: channels, message kinds, schemas and volumes, from captured traffic.",
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
schema_app = typer.Typer(help="Infer the schemas of message kinds.", rich_markup_mode=None, no_args_is_help=True)
app.add_typer(schema_app, name="schema")


SNAPSHOT_EVERY_NS = 60 * SECOND_NS


def _version(value: bool) -> None:
    if value:
        print(f"wsobserve {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


class Failure(Exception):
    """Ends the command with exit status 1 and this one line."""


def main() -> None:
    """The console script."""
    try:
        app()
    except BrokenPipeError:
        # Whoever read our output has had enough (`| head`). Python would complain once more when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(130)


@contextmanager
def _failures_as_lines() -> Iterator[None]:
    """What the world does wrong is one line on standard error and exit status 1."""
    from wsobserve.capture.error import CaptureError
    from wsobserve.export.error import ExportError

    try:
        yield
    except (CaptureError, ExportError, Failure) as error:
        sys.stdout.flush()
        _say(str(error))
        raise typer.Exit(1) from None


@app.command()
def frames(files: Files, payload: Payload = PayloadChoice.none, form: Form = None) -> None:
    """List the frames of capture files, with anomalies and losses."""
    from wsobserve.export.rows import frame_row
    from wsobserve.records import Frame

    def row(record: Record) -> Row | None:
        return frame_row(record, payload.value) if isinstance(record, Frame) else None

    _list(files, form, row, frames=True)


@app.command()
def messages(files: Files, payload: Payload = PayloadChoice.none, form: Form = None) -> None:
    """List the messages of capture files, with anomalies and losses."""
    from wsobserve.export.rows import message_row
    from wsobserve.records import ChannelMessage

    def row(record: Record) -> Row | None:
        return message_row([record], payload.value) if isinstance(record, ChannelMessage) else None

    _list(files, form, row, messages=None)


@app.command()
def connections(files: Files, form: Form = None) -> None:
    """List the WebSocket connections of capture files, refused and unanswered ones included."""
    from wsobserve.export.rows import connection_row
    from wsobserve.records import ConnectionSummary

    def row(record: Record) -> Row | None:
        return connection_row(record) if isinstance(record, ConnectionSummary) else None

    _list(files, form, row, anomalies=False)


def _list(
    files: list[str],
    form: FormChoice | None,
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

    listing = Listing(_form(form), sys.stdout.write)
    with _failures_as_lines():
        for records in observe_files(files, Pipeline(folds=False, frames=frames, messages=messages, survive=True)):
            for record in records:
                row = row_of(record)
                if row is None and anomalies and isinstance(record, Anomaly):
                    row = anomaly_row(record)
                elif row is None and isinstance(record, CaptureLoss):
                    row = loss_row(record)
                    _say(_loss_text(record))
                if row is not None:
                    listing.add(row)
        for kind, count in listing.left_out.items():
            _say(f"{count} {kind} records are not in the CSV (--format ndjson has them)")
        sys.stdout.flush()


def _loss_text(loss: CaptureLoss) -> str:
    from wsobserve.export.rows import loss_row
    from wsobserve.export.text import loss_line

    return loss_line(loss_row(loss)).removeprefix("! ")


def _form(form: FormChoice | None) -> ListingForm:
    if form is not None:
        return form.value
    return "table" if sys.stdout.isatty() else "ndjson"


@app.command()
def channels(files: Files, form: Form = None, workers: WorkerCount = None) -> None:
    """List the channels of capture files: messages, bytes and sizes per direction."""
    from wsobserve.export.rows import channel_row
    from wsobserve.export.text import channel_heading
    from wsobserve.listing import Listing

    with _failures_as_lines():
        snapshot = _observed(files, workers)
        chosen = _form(form)
        listing = Listing(chosen, sys.stdout.write)
        if chosen == "table":
            print(channel_heading())
        for total in snapshot.channels:
            listing.add(channel_row(total))
        sys.stdout.flush()


@app.command()
def count(files: Files, as_json: AsJson = False, workers: WorkerCount = None, progress: ShowProgress = None) -> None:
    """Count what capture files hold: packets, connections, frames, messages, bytes, and all that was lost or not decoded."""
    import msgspec

    from wsobserve.export.count import count_lines

    with _failures_as_lines():
        last = _last_step(files, workers, folds=False, progress=progress)
        assert last.findings is not None
        accounting = last.findings.accounting
        if accounting.packets_seen or not last.failures:
            print(msgspec.json.encode(accounting).decode() if as_json else "\n".join(count_lines(accounting)), flush=True)
        if last.failures:
            raise Failure("; ".join(last.failures))


def _observed(files: list[str], workers: int | None) -> Snapshot:
    """What all of the files hold; what was lost is said on standard error."""
    last = _last_step(files, workers)
    if last.failures:
        raise Failure("; ".join(last.failures))
    assert last.findings is not None
    return last.findings.snapshot(final=True)


def _last_step(files: list[str], workers: int | None, *, folds: bool = True, progress: bool | None = False) -> Step:
    from wsobserve.analysis import progress_bar
    from wsobserve.records import CaptureLoss
    from wsobserve.workers import Plan, Workers, fitting_workers

    plan = Plan(paths=tuple(files), folds=folds, messages=0)
    wanted = sys.stderr.isatty() if progress is None else progress
    with Workers(plan, fitting_workers(files, workers)) as observers, progress_bar(wanted) as show:
        for step in observers.steps(show):
            for record in step.records:
                if isinstance(record, CaptureLoss):
                    _say(_loss_text(record))
    return step


@schema_app.command("show")
def schema_show(
    files: Files,
    channel: Annotated[str | None, typer.Option(help="Only this channel.")] = None,
    workers: WorkerCount = None,
) -> None:
    """Show the inferred message kinds with their fields and how often each is there."""
    from wsobserve.export.kind_text import kind_lines

    with _failures_as_lines():
        kinds = [kind for kind in _observed(files, workers).kinds if channel in (None, kind.channel)]
        if not kinds:
            _say("no structured messages were seen, so there are no message kinds")
        for kind in kinds:
            print("\n".join(kind_lines(kind)))


@schema_app.command("export")
def schema_export(
    files: Files,
    form: Annotated[SchemaForm, typer.Option("--as", help="The form of the documents.")] = SchemaForm.json_schema,
    output: Annotated[Path | None, typer.Option(help="Write one document a channel into this directory.")] = None,
    workers: WorkerCount = None,
) -> None:
    """Export the inferred schemas: one JSON Schema (2020-12) a channel."""
    from wsobserve.schema.document import channel_documents, document_name, document_text

    with _failures_as_lines():
        documents = channel_documents(_observed(files, workers).kinds)
        if output is None:
            sys.stdout.write(document_text(documents))
            return
        try:
            output.mkdir(parents=True, exist_ok=True)
            for channel, document in documents.items():
                path = output / document_name(channel)
                path.write_text(document_text(document), encoding="utf-8")
                print(path)
        except OSError as error:
            raise Failure(f"{output}: {error.strerror}") from None


@app.command()
def analyze(
    files: Files,
    store: Store = None,
    otlp: Otlp = None,
    service: Service = None,
    as_json: AsJson = False,
    workers: WorkerCount = None,
    progress: ShowProgress = None,
) -> None:
    """Analyse capture files, export what was found, and sum up, including what was lost or not decoded."""
    from wsobserve.analysis import analyze_files, progress_bar
    from wsobserve.observing import open_exporters
    from wsobserve.workers import Plan, Workers, fitting_workers

    plan = Plan(
        paths=tuple(files),
        messages=DEFAULT_LIMITS.stored_messages if store else 0,
        # A span of a connection can tell what happened in it only if somebody looked in between.
        snapshot_every_ns=SNAPSHOT_EVERY_NS if otlp else None,
    )
    with _failures_as_lines(), Workers(plan, fitting_workers(files, workers)) as observers:
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


def _say(line: str) -> None:
    print(f"wsobserve: {line}", file=sys.stderr, flush=True)


@app.command()
def attach(
    interface: Annotated[str, typer.Option("--interface", "-i", help="Interface to watch (any: all of them).")],
    port: Annotated[
        list[int] | None,
        typer.Option("--port", "-p", min=1, max=65535, help="Only TCP on this port; may be repeated. Default: every port."),
    ] = None,
    store: Store = None,
    otlp: Otlp = None,
    service: Service = None,
    interval: Annotated[float, typer.Option(min=0.1, max=3600, help="Seconds between exports.")] = 1.0,
    as_json: AsJson = False,
) -> None:
    """Watch a live interface (Linux, needs CAP_NET_RAW) until SIGINT or SIGTERM, then sum up."""
    from wsobserve.observing import open_exporters
    from wsobserve.sidecar import watch

    with _failures_as_lines():
        exporters = open_exporters(store, otlp, service, [f"interface {interface}"])
        result = watch(interface, port or [], exporters, interval, _say)
        _finish(result, as_json)


@app.command()
def dashboard(
    store: Annotated[str, typer.Option(metavar="URL", help="The store to show.")] = "wsobserve.db",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8501,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open it in a browser.")] = False,
) -> None:
    """Show a store in the browser: overview, channels, schemas."""
    from wsobserve.dashboard import run_dashboard

    with _failures_as_lines():
        status = run_dashboard(store, host=host, port=port, open_browser=open_browser)
    raise typer.Exit(status)


@app.command()
def demo(
    store: Annotated[Path | None, typer.Option(help="Where the store is made. Default: a temporary directory.")] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the dashboard.")] = 8501,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open it in a browser.")] = False,
) -> None:
    """Analyse the bundled capture and show it in the dashboard."""
    from wsobserve.demo import run_demo

    with _failures_as_lines():
        status = run_demo(store, port, open_browser, _print)
    raise typer.Exit(status)


@app.command()
def doctor() -> None:
    """Say what is installed, which build runs, and what this machine allows."""
    from wsobserve.doctor import doctor_lines

    for line in doctor_lines():
        print(line)
