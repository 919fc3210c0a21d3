"""The arguments and options that several commands of the command line share."""

from __future__ import annotations

import enum
from typing import Annotated

import typer


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


class SchemaForm(enum.StrEnum):
    """Forms of an exported schema."""

    json_schema = "json-schema"


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
WorkerCount = Annotated[
    int | None,
    typer.Option("--workers", min=1, help="Processes to share the work among; results are the same. Default: one a core."),
]
ShowProgress = Annotated[
    bool | None, typer.Option("--progress/--no-progress", help="Show a progress bar. Default: on a terminal.")
]
