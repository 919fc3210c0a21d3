"""What the package makes of messages: through its command line, from a capture file; or its stages alone, to save time.

In: messages in order, and the path of the WebSocket connection that carries them. Out: a JSON Schema that accepts what any
of its documents accepts, and the label (`schema`) of each message.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Any

import jsonschema_rs

from tests.benchmarks.traffic import SERVER, TEXT, CaptureFile, Connection

STEP_US = 20_000  # between two packets: fifty messages a second
LARGEST = 60_000  # bytes in one segment, as a capture on the sending machine shows them


@dataclass(frozen=True)
class Inferred:
    """`documents`: by file name. `labels`: one a message."""

    documents: dict[str, dict[str, Any]]
    labels: list[str]

    @property
    def schema(self) -> dict[str, Any]:
        """One schema for all documents."""
        if len(self.documents) == 1:
            return next(iter(self.documents.values()))
        # Each is a resource of its own, so that its references stay its own.
        return {"anyOf": [{**document, "$id": f"urn:channel:{name}"} for name, document in sorted(self.documents.items())]}


def text_of(message: Any) -> bytes:
    """As it is sent."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def write_capture(path: Path, messages: Sequence[Any], channel: str) -> None:
    """All of them from the server, as text messages of one WebSocket connection to the path `/<channel>`."""
    with CaptureFile(path, STEP_US) as file:
        connection = Connection(file, 1)
        connection.open(f"/{channel}")
        for message in messages:
            frame = connection.message(SERVER, TEXT, text_of(message))
            for start in range(0, len(frame), LARGEST):
                connection.segment(SERVER, frame[start : start + LARGEST])
        connection.close(b"mask")


def by_command(messages: Sequence[Any], channel: str, folder: Path, build: Path, *, documents: bool = True) -> Inferred:
    """What the command line says. `build`: where its package lies; `documents`: whether they are wanted."""
    capture = folder / f"{channel}.pcap"
    write_capture(capture, messages, channel)
    exported = folder / channel
    if documents:
        _run(build, "schema", "export", str(capture), "--as", "json-schema", "--output", str(exported))
    listing = _run(build, "messages", str(capture), "--format", "ndjson").splitlines()
    rows = [row for row in map(json.loads, listing) if row["kind"] == "message"]
    # A message that carries several is in several rows, which share their packet.
    labels = [" ".join(str(row["schema"]) for row in group) for _, group in groupby(rows, key=lambda row: row["packet"])]
    if len(labels) != len(messages):
        raise RuntimeError(f"{capture}: {len(messages)} messages were sent, and {len(labels)} are listed")
    return Inferred({path.name: json.loads(path.read_text()) for path in exported.glob("*.json")}, labels)


def _run(build: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(build.resolve())}
    command = [sys.executable, "-P", "-m", "wsobserve", *arguments]
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(f"wsobserve {arguments[0]} ended with {run.returncode}: {run.stderr.strip()[-2000:]}")
    return run.stdout


def directly(messages: Sequence[Any], channel: str) -> Inferred:
    """What the stages say that come behind the WebSocket; the package is the one that this process imports.

    A message's label is the first kind that accepts it.
    """
    from wsobserve.config import DEFAULT_LIMITS
    from wsobserve.payload.stage import Payload
    from wsobserve.records import SERVER_TO_CLIENT, Half, Handshake, Message
    from wsobserve.schema.fold import SchemaFold

    half = Half(connection="1", source="10.0.0.2:80", destination="10.0.0.1:1", direction=SERVER_TO_CLIENT)
    payload, fold = Payload(DEFAULT_LIMITS), SchemaFold(DEFAULT_LIMITS)
    payload.receive(_handshake(Handshake, half, f"/{channel}"))
    for number, message in enumerate(messages, 1):
        text = text_of(message)
        now_ns = 1_700_000_000_000_000_000 + number * STEP_US * 1000
        record = Message(half, now_ns, number, now_ns, 1, 1, False, len(text), len(text), True, True, text)
        for each in payload.receive(record):
            fold.add(each)
    kinds = fold.kinds()
    checks = [(kind.id, jsonschema_rs.validator_for(kind.json_schema, validate_formats=True)) for kind in kinds]
    labels = [next((name for name, check in checks if check.is_valid(message)), "none") for message in messages]
    return Inferred(dict(_documents(kinds)), labels)


def _documents(kinds: Any) -> dict[str, dict[str, Any]]:
    """By channel; the room of documents may be a newer one than the package has."""
    room = "wsobserve.publish.documents" if find_spec("wsobserve.publish.documents") else "wsobserve.schema.document"
    documents: dict[str, dict[str, Any]] = import_module(room).channel_documents(kinds)
    return documents


def _handshake(record: Any, half: Any, path: str) -> Any:
    """An accepted one; fields that this story does not need stay empty."""
    import msgspec

    given = {"half": half, "target": path, "path_template": path, "state": "accepted", "time_ns": 0, "packet": 0}
    required = [each.name for each in msgspec.structs.fields(record) if each.required]
    return record(**{**dict.fromkeys(required), **given})
