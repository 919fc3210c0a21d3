"""`wsobserve schema export`: the inferred schemas as documents."""

from __future__ import annotations

import os
import sys

import click

from wsobserve import options
from wsobserve.commands.running import Failure, failures_as_lines, observed


@click.command("export", epilog=options.FILES_HELP)
@options.files
@click.option("--as", "form", type=click.Choice(["json-schema"]), default="json-schema", help="The form of the documents.")
@click.option("--output", metavar="DIRECTORY", help="Write one document a channel into this directory.")
@options.workers
def schema_export(files: tuple[str, ...], form: str, output: str | None, workers: int | None) -> None:
    """Export the inferred schemas: one JSON Schema (2020-12) a channel."""
    from wsobserve.publish.documents import channel_documents, document_name, document_text

    with failures_as_lines():
        documents = channel_documents(observed(files, workers).kinds)
        if output is None:
            sys.stdout.write(document_text(documents))
            return
        try:
            os.makedirs(output, exist_ok=True)
            for channel, document in documents.items():
                path = os.path.join(output, document_name(channel))
                with open(path, "w", encoding="utf-8") as file:
                    file.write(document_text(document))
                print(path)
        except OSError as error:
            raise Failure(f"{output}: {error.strerror}") from None
