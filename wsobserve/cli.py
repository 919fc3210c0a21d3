"""The command line. Everything heavy is imported by the command that needs it: `--help` answers at once.

Exit status: 0 done (anomalies in a capture are data, not failure), 1 the input could not be read or an output not be
written (one line on standard error says which and why), 2 wrong usage. Standard output holds results and nothing else.
"""

from __future__ import annotations

import enum
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wsobserve import __version__
from wsobserve.config import SECOND_NS

if TYPE_CHECKING:
    from wsobserve.analysis import AnalysisResult
    from wsobserve.export.exporter import Exporter
    from wsobserve.export.rows import Row
    from wsobserve.listing import ListingForm
    from wsobserve.pipeline import Pipeline
    from wsobserve.records import CaptureLoss, Record

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


class PayloadChoice(enum.StrEnum):
    """How payloads are shown, if at all."""

    none = "none"
    text = "text"
    base64 = "base64"
    hex = "hex"


class FormChoice(enum.StrEnum):
    """How rows are written."""

    table = "table"
    ndjson = "ndjson"
    csv = "csv"


Files = Annotated[
    list[str],
    typer.Argument(metavar="FILE...", help="Capture files (pcap, pcapng; also gzip, zstd, bz2, xz); - is standard input."),
]
Payload = Annotated[PayloadChoice, typer.Option(help="Show payloads, in this form. They may hold secrets.")]
Form = Annotated[
    FormChoice | None, typer.Option("--format", help="table, ndjson or csv. Default: table on a terminal, else ndjson.")
]
Store = Annotated[str | None, typer.Option(metavar="URL", help="Write into this store: a file, or sqlite:///FILE.")]
Otlp = Annotated[
    str | None, typer.Option(metavar="ENDPOINT", help="Send traces and metrics there over OTLP, e.g. http://127.0.0.1:4318.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the closing accounting as one JSON object.")]
Service = Annotated[str | None, typer.Option(help="Name of the observed service (service.name).")]


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

    _list(files, form, row)


@app.command()
def messages(files: Files, payload: Payload = PayloadChoice.none, form: Form = None) -> None:
    """List the messages of capture files, with anomalies and losses."""
    from wsobserve.export.rows import message_row
    from wsobserve.records import ChannelMessage

    def row(record: Record) -> Row | None:
        return message_row([record], payload.value) if isinstance(record, ChannelMessage) else None

    _list(files, form, row)


@app.command()
def connections(files: Files, form: Form = None) -> None:
    """List the WebSocket connections of capture files, refused and unanswered ones included."""
    from wsobserve.export.rows import connection_row
    from wsobserve.records import ConnectionSummary

    def row(record: Record) -> Row | None:
        return connection_row(record) if isinstance(record, ConnectionSummary) else None

    _list(files, form, row, anomalies=False)


def _list(files: list[str], form: FormChoice | None, row_of: Callable[[Record], Row | None], anomalies: bool = True) -> None:
    from wsobserve.export.rows import anomaly_row, loss_row
    from wsobserve.listing import Listing
    from wsobserve.observing import observe_files
    from wsobserve.pipeline import Pipeline
    from wsobserve.records import Anomaly, CaptureLoss

    listing = Listing(_form(form), sys.stdout.write)
    with _failures_as_lines():
        for records in observe_files(files, Pipeline(folds=False, survive=True)):
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
def channels(files: Files, form: Form = None) -> None:
    """List the channels of capture files: messages, bytes and sizes per direction."""
    from wsobserve.export.rows import channel_row
    from wsobserve.export.text import channel_heading
    from wsobserve.listing import Listing

    with _failures_as_lines():
        snapshot = _observed(files).snapshot(final=True)
        chosen = _form(form)
        listing = Listing(chosen, sys.stdout.write)
        if chosen == "table":
            print(channel_heading())
        for total in snapshot.channels:
            listing.add(channel_row(total))
        sys.stdout.flush()


def _observed(files: list[str]) -> Pipeline:
    """A pipeline that has seen all of the files; what was lost is said on standard error."""
    from wsobserve.observing import observe_files
    from wsobserve.pipeline import Pipeline
    from wsobserve.records import CaptureLoss

    pipeline = Pipeline(survive=True)
    for records in observe_files(files, pipeline):
        for record in records:
            if isinstance(record, CaptureLoss):
                _say(_loss_text(record))
    return pipeline


class SchemaForm(enum.StrEnum):
    """Forms of an exported schema."""

    json_schema = "json-schema"


@schema_app.command("show")
def schema_show(files: Files, channel: Annotated[str | None, typer.Option(help="Only this channel.")] = None) -> None:
    """Show the inferred message kinds with their fields and how often each is there."""
    from wsobserve.export.kind_text import kind_lines

    with _failures_as_lines():
        kinds = [kind for kind in _observed(files).snapshot(final=True).kinds if channel in (None, kind.channel)]
        if not kinds:
            _say("no structured messages were seen, so there are no message kinds")
        for kind in kinds:
            print("\n".join(kind_lines(kind)))


@schema_app.command("export")
def schema_export(
    files: Files,
    form: Annotated[SchemaForm, typer.Option("--as", help="The form of the documents.")] = SchemaForm.json_schema,
    output: Annotated[Path | None, typer.Option(help="Write one document a channel into this directory.")] = None,
) -> None:
    """Export the inferred schemas: one JSON Schema (2020-12) a channel."""
    from wsobserve.schema.document import channel_documents, document_name, document_text

    with _failures_as_lines():
        documents = channel_documents(_observed(files).snapshot(final=True).kinds)
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
    progress: Annotated[bool | None, typer.Option(help="Show a progress bar. Default: on a terminal.")] = None,
) -> None:
    """Analyse capture files, export what was found, and sum up, including what was lost or not decoded."""
    from wsobserve.analysis import analyze_files, progress_bar

    with _failures_as_lines():
        exporters = _exporters(store, otlp, service, files)
        with progress_bar(sys.stderr.isatty() if progress is None else progress) as show:
            # A span of a connection can tell what happened in it only if somebody looked in between.
            result = analyze_files(files, exporters, show, SNAPSHOT_EVERY_NS if otlp else None)
        _finish(result, as_json)


def _finish(result: AnalysisResult, as_json: bool) -> None:
    print(result.json_text() if as_json else "\n".join(result.lines()), flush=True)
    if result.failures:
        raise Failure("; ".join(result.failures))


def _print(text: str) -> None:
    print(text, flush=True)


def _say(line: str) -> None:
    print(f"wsobserve: {line}", file=sys.stderr, flush=True)


def _exporters(store: str | None, otlp: str | None, service: str | None, sources: list[str]) -> list[Exporter]:
    exporters: list[Exporter] = []
    try:
        if store is not None:
            from wsobserve.export.store import StoreExporter

            exporters.append(StoreExporter(store, service=service, sources=sources))
        if otlp is not None:
            from wsobserve.export.otlp import OtlpExporter

            exporters.append(OtlpExporter(otlp, service_name=service))
    except BaseException:
        for exporter in exporters:
            exporter.close()
        raise
    return exporters


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
    from wsobserve.sidecar import watch

    with _failures_as_lines():
        exporters = _exporters(store, otlp, service, [f"interface {interface}"])
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
