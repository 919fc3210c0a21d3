"""What is to be kept of the packets themselves, and for how long."""

from __future__ import annotations

from typing import Literal

import msgspec

from wsobserve.config import MIB

Payloads = Literal["whole", "redacted", "headers"]


class RecordingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is kept of the packets themselves, and for how long. No `directory`: nothing is."""

    directory: str | None = None
    anomalies: tuple[str, ...] = ()  # connections with one of these (`any`: with one at all)
    channels: tuple[str, ...] = ()  # connections that carry one of these; `*` stands for anything
    sample: float = 0.0  # the share of all connections, by hash
    payloads: Payloads = "redacted"
    file_bytes: int = 64 * MIB  # a file is closed when it has grown to this...
    file_seconds: float = 3600.0  # ... or is as old as this
    files: int = 10  # the oldest go when there are more
