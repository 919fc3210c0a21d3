"""From the logs of a client and a server to the records expected of their capture.

In comes what the two programs wrote (`scripts/application_log.py`, `.mjs`); out come expected records, as described
in README.md. What both logged must agree: of each direction of a connection the receiver's list must be the beginning
of the sender's. Nothing in here knows packets, frames or wsobserve.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

Line = dict[str, Any]
CONTENTS = ("opcode", "length", "sha256")


class LogError(Exception):
    """The programs do not agree on what happened; the recording is worth nothing."""


def read_log(path: Path) -> list[Line]:
    """All lines of one program, without the messages that its library refused to send."""
    if not path.exists():
        return []
    lines: list[Line] = [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()]
    refused = {line["not_sent"] for line in lines if line["kind"] == "not_sent"}
    return [line for line in lines if line["kind"] != "not_sent" and line["line"] not in refused]


def expected_records(name: str, files: list[str], client_log: Path, server_log: Path) -> list[Line]:
    """The records expected of a recording: first `recording`, then connection by connection in order of their start."""
    lines = read_log(client_log) + read_log(server_log)
    mark_what_came_before([line for line in lines if line["kind"] != "capture_started"], capture_start(lines))
    lines = [line for line in lines if line["kind"] != "capture_started" and not came_before(line)]
    connections: dict[tuple[str, str], list[Line]] = defaultdict(list)
    versions: dict[str, str] = {}
    for line in lines:
        if line["kind"] == "software":
            versions |= line["versions"]
        else:
            connections[line["client"], line["server"]].append(line)
    records: list[Line] = [{"kind": "recording", "name": name, "files": files, "software": versions}]
    for (client, server), said in connections.items():
        for record in [
            *_handshake(said),
            *_messages(said, "client_to_server", "client", "server"),
            *_messages(said, "server_to_client", "server", "client"),
            *(_without_origin(line) for line in said if line["kind"] == "control"),
            *_close(said),
        ]:
            records.append({"kind": record.pop("kind"), "client": client, "server": server, **record})
    return records


def capture_start(lines: list[Line]) -> int | None:
    """When the capture started, if that was while the programs were talking."""
    return next((line["time_ns"] for line in lines if line["kind"] == "capture_started"), None)


def came_before(line: Line) -> bool:
    """A message or control frame that is not in the capture. Handshakes stay: what they agreed explains the rest."""
    return line["kind"] in ("message", "control") and not line.get("contained", True)


def mark_what_came_before(lines: list[Line], start_ns: int | None) -> None:
    """Handshakes and messages before the start are not `contained`.

    Messages after it that may refer to bytes before it (permessage-deflate with context takeover) are not `inflatable`.
    The clients' handshakes say what was agreed. Without a start everything is contained, and nothing is said about it.
    """
    if start_ns is None:
        return
    agreed = {(line["client"], line["server"]): line["extensions"] or "" for line in lines if line["kind"] == "handshake"}
    for line in lines:
        if line["kind"] not in ("handshake", "message", "control", "close"):
            continue
        line["contained"] = line["time_ns"] > start_ns
        if line["kind"] == "message":
            extensions = agreed[line["client"], line["server"]]
            sender = line["direction"].partition("_")[0]
            line["inflatable"] = not extensions or f"{sender}_no_context_takeover" in extensions


def _without_origin(line: Line) -> Line:
    """The fields that say what happened; not those that say who wrote it, nor the ones that do not apply."""
    return {
        name: value
        for name, value in line.items()
        if name not in ("by", "line", "time_ns", "client", "server") and (value is not None or name != "fragments")
    }


def _handshake(said: list[Line]) -> list[Line]:
    """One handshake; both sides must have seen the same. A client that never got a response is the better witness."""
    seen = {line["by"]: _without_origin(line) for line in said if line["kind"] == "handshake"}
    unanswered = "client" in seen and seen["client"]["status_code"] is None
    if len(seen) == 2 and seen["client"] != seen["server"] and not unanswered:
        raise LogError(f"handshakes differ: {seen}")
    return [seen.get("client", next(iter(seen.values())))] if seen else []


def _messages(said: list[Line], direction: str, sender: str, receiver: str) -> list[Line]:
    """The messages of one direction in order, the sender's word for it when there is one."""
    by = {
        side: [line for line in said if line["kind"] == "message" and line["direction"] == direction and line["by"] == side]
        for side in (sender, receiver)
    }
    sent, received = by[sender], by[receiver]
    if not sent:
        return [_without_origin(line) for line in received]
    for position, line in enumerate(received):
        if position >= len(sent) or any(line[field] != sent[position][field] for field in CONTENTS):
            raise LogError(f"{line['client']} {direction}: message {position} was not received as it was sent")
    return [_without_origin(line) for line in sent]


def _close(said: list[Line]) -> list[Line]:
    """How the connection ended for each side. A side that logged nothing has None. What was refused never began."""
    seen = {line["by"]: line for line in said if line["kind"] == "close"}
    if not seen or any(line["kind"] == "handshake" and line["status_code"] != 101 for line in said):
        return []
    asked = {line["closed_by"] for line in seen.values() if line["closed_by"] is not None}
    closed_by = asked.pop() if len(asked) == 1 else None
    codes = {side: line["status_code"] for side, line in seen.items()}
    # What a side sees is the code that the other one sent it, so the first close frame is known to the side that did not ask.
    witness = {"client": "server", "server": "client", None: "client"}[closed_by]
    tcp = [line["tcp"] for line in seen.values() if line.get("tcp")]
    reasons = [line["reason"] for side, line in sorted(seen.items(), key=lambda item: item[0] != witness) if line["reason"]]
    return [
        {
            "kind": "close",
            "status_code": codes.get(witness, next(iter(codes.values()))),
            "reason": reasons[0] if reasons else "",
            "closed_by": closed_by,
            "client_status_code": codes.get("client"),
            "server_status_code": codes.get("server"),
            **({"tcp": tcp[0]} if tcp else {}),
        }
    ]


def write_records(path: Path, records: list[Line]) -> None:
    """One JSON object a line."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
