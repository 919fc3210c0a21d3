"""`wsobserve schema export --as asyncapi`: what was observed as one AsyncAPI document, to a file or standard output."""

from __future__ import annotations

import os
import sys

from wsobserve.commands.running import Failure
from wsobserve.records import Snapshot

NAME = "asyncapi.yaml"  # in a directory


def export_asyncapi(snapshot: Snapshot, output: str | None, title: str | None) -> None:
    """Write it to `output`: JSON when the name says so, else YAML; a directory gets `asyncapi.yaml`; None: standard output."""
    from wsobserve.publish.asyncapi import asyncapi_document
    from wsobserve.publish.asyncapi_text import asyncapi_text

    document = asyncapi_document(snapshot, title=title)
    if output is None:
        sys.stdout.write(asyncapi_text(document))
        return
    path = os.path.join(output, NAME) if os.path.isdir(output) else output
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(asyncapi_text(document, "json" if path.endswith(".json") else "yaml"))
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}") from None
    print(path)
