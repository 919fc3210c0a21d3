"""What `wsobserve attach` is told: the settings, wherever they come from (file, environment, options).

What each is called in those places, and what it may be, is in `settings_table`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from wsobserve.config import MIB
from wsobserve.export.recording.settings import Payloads as Payloads
from wsobserve.export.recording.settings import RecordingSettings as RecordingSettings

Source = Literal["ring", "portable", "stdin"]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that `attach` can be told. Times in seconds, sizes in bytes."""

    # what to watch
    interfaces: tuple[str, ...] = ()  # none: all of them (`any`)
    pid: int | None = None  # its network namespace, and the ports on which it listens
    netns: str | None = None  # a network namespace: a path, or a name of `ip netns`
    container: str | None = None  # the beginning of its identifier
    source: Source = "ring"
    ports: tuple[str, ...] = ()  # `8080`, `8000-8100`; none: found by their upgrades
    filter: str | None = None  # an expression of pcap-filter(7), beside the ports
    snap_length: int = 262_144
    ring_bytes: int = 32 * MIB  # of each worker
    workers: int = 1
    # what it is called
    service: str | None = None
    resource: dict[str, str] = {}  # further resource attributes
    pod_info: str | None = "/etc/podinfo"  # directory of a downward API volume
    routes: str | None = None  # file of rules for connections whose handshake was missed
    # where results go
    store: str | None = None
    otlp: str | None = None
    interval: float = 1.0
    drift: bool = True
    recording: RecordingSettings = RecordingSettings()
    # how it runs
    memory: int = 256 * MIB  # of all processes together
    health: str = "127.0.0.1:9464"  # address of /healthz, /readyz and /metrics; `off`: none
    user: str | None = None  # to change to once the ring is open
    log: Literal["auto", "text", "json"] = "auto"  # auto: JSON in a container, else text
    ui: bool = False  # a live table on the terminal
