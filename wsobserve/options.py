"""The arguments and options that several commands of the command line share: a decorator each."""

from __future__ import annotations

import click

# click shows no help for arguments; each command that reads files ends its help with this.
FILES_HELP = "FILE: a capture file (pcap, pcapng; also gzip, zstd, bz2, xz); - is standard input."

files = click.argument("files", metavar="FILE...", nargs=-1, required=True)
payload = click.option(
    "--payload",
    type=click.Choice(["none", "text", "base64", "hex"]),
    default="none",
    show_default=True,
    help="Show payloads, in this form. They may hold secrets.",
)
form = click.option(
    "--format", "form", type=click.Choice(["table", "ndjson", "csv"]), help="Default: table on a terminal, else ndjson."
)
store = click.option("--store", metavar="URL", help="Write into this store: a file, or sqlite:///FILE.")
otlp = click.option("--otlp", metavar="ENDPOINT", help="Send traces and metrics there over OTLP, e.g. http://127.0.0.1:4318.")
service = click.option("--service", help="Name of the observed service (service.name).")
as_json = click.option("--json", "as_json", is_flag=True, help="Print the closing accounting as one JSON object.")
workers = click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Processes to share the work among; results are the same. Default: one a core from 512 MiB on, else one.",
)
progress = click.option("--progress/--no-progress", default=None, help="Show a progress bar. Default: on a terminal.")
channel = click.option("--channel", help="Only this channel.")
