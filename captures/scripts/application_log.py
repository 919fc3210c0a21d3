"""What an application says about its own WebSocket connections: one JSON line for each thing it did or saw.

In comes what the program hands to its WebSocket library, or gets from it; out goes a line in the file that the
environment variable APPLICATION_LOG names. Nothing in here ever looks at packets or frames.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping
from typing import Literal

Side = Literal["client", "server"]

OTHER_SIDE: dict[Side, Side] = {"client": "server", "server": "client"}


def endpoint(address: object) -> str:
    """A socket address as `ip:port`, IPv6 in brackets."""
    if not isinstance(address, tuple):
        raise TypeError("a connection over TCP has a tuple as address")
    host, port = str(address[0]), int(address[1])
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class ApplicationLog:
    """Lines of one program. `by` says which side it plays."""

    def __init__(self, by: Side) -> None:
        self.by: Side = by
        # Open until the program ends, however it ends: that is why it is written line by line.
        self._file = open(os.environ["APPLICATION_LOG"], "a", encoding="utf-8", buffering=1)  # noqa: SIM115
        self._lines = 0

    def write(self, kind: str, client: str, server: str, **fields: object) -> int:
        """Write one line and return its number."""
        self._lines += 1
        line = {
            "kind": kind,
            "by": self.by,
            "line": self._lines,
            "time_ns": time.time_ns(),
            "client": client,
            "server": server,
            **fields,
        }
        self._file.write(json.dumps(line) + "\n")
        return self._lines

    def software(self, **versions: str) -> None:
        """Which software, in which version, this program is made of."""
        self.write("software", "", "", versions=versions)

    def capture_started(self) -> None:
        """From now on every packet is captured; until now, none was."""
        self.write("capture_started", "", "")

    def handshake(
        self,
        client: str,
        server: str,
        path: str,
        status_code: int | None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """An opening handshake; `headers` are those of the response. `status_code` None: there was no response."""
        self.write(
            "handshake",
            client,
            server,
            path=path,
            status_code=status_code,
            subprotocol=None if headers is None else headers.get("Sec-WebSocket-Protocol"),
            extensions=None if headers is None else headers.get("Sec-WebSocket-Extensions"),
        )

    def sent(self, client: str, server: str, payload: str | bytes, *, fragments: list[int] | None = None) -> int:
        """A message that this program is about to send; `fragments` are lengths when it chose the fragments itself."""
        return self._message(client, server, self.by, payload, fragments)

    def not_sent(self, line: int) -> None:
        """The library refused to send what was written in `line`."""
        self.write("not_sent", "", "", not_sent=line)

    def received(self, client: str, server: str, payload: str | bytes) -> int:
        """A message that this program was given."""
        return self._message(client, server, OTHER_SIDE[self.by], payload, None)

    def control(self, client: str, server: str, opcode: Literal["ping", "pong"], payload: bytes) -> int:
        """A control frame that this program asked its library to send."""
        return self.write("control", client, server, direction=_direction(self.by), opcode=opcode, **_contents(payload))

    def close(
        self,
        client: str,
        server: str,
        status_code: int | None,
        reason: str = "",
        *,
        closed_by: Side | None = None,
        tcp: Literal["fin", "reset"] | None = None,
    ) -> None:
        """How the connection ended for this program; 1006: without a close frame.

        `closed_by`: who asked for it, if known. `tcp`: how this program ended TCP, when it did that on purpose.
        """
        self.write("close", client, server, status_code=status_code, reason=reason, closed_by=closed_by, tcp=tcp)

    def _message(self, client: str, server: str, sender: Side, payload: str | bytes, fragments: list[int] | None) -> int:
        opcode = "text" if isinstance(payload, str) else "binary"
        data = payload.encode() if isinstance(payload, str) else payload
        return self.write(
            "message", client, server, direction=_direction(sender), opcode=opcode, fragments=fragments, **_contents(data)
        )


def _direction(sender: Side) -> str:
    return f"{sender}_to_{OTHER_SIDE[sender]}"


def _contents(data: bytes) -> dict[str, object]:
    return {"length": len(data), "sha256": hashlib.sha256(data).hexdigest()}
