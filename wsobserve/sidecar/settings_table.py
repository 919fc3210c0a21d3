"""The settings of `wsobserve attach`, one row each: from here come its options, variables, file keys and documentation.

Defaults are those of `Settings`. A row's key is where the value lies in there: `interval`, `recording.directory`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from wsobserve.config import MIB
from wsobserve.sidecar.setting_kinds import (
    ADDRESS,
    ATTRIBUTES,
    DURATION,
    PORTS,
    SHARE,
    SIZE,
    SWITCH,
    TEXT,
    TEXTS,
    WHOLE,
    Kind,
    choice,
)
from wsobserve.sidecar.settings import Settings

PREFIX = "WSOBSERVE_"
DAY_S = 86_400


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting, as it is called where it may be given, and what it may be."""

    key: str  # in the file; a dot leads into a table
    options: tuple[str, ...]  # on the command line; none: only in file and environment
    kind: Kind
    help: str  # for --help and for the table
    metavar: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    live: bool = False  # SIGHUP changes it; any other needs a restart

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return PREFIX + self.key.replace(".", "_").upper()

    @property
    def option(self) -> str | None:
        """Its long option, without the one that says no."""
        return self.options[-1].partition("/")[0] if self.options else None

    @property
    def default(self) -> Any:
        """What it is when nobody says anything."""
        return value_in(Settings(), self.key)

    @property
    def expects(self) -> str:
        """What it may be, in words."""
        show = self.kind.show
        if self.minimum is not None and self.maximum is not None:
            return f"{self.kind.expects}, from {show(self.minimum)} to {show(self.maximum)}"
        return self.kind.expects if self.minimum is None else f"{self.kind.expects}, at least {show(self.minimum)}"

    def parse(self, given: object) -> Any:
        """The value of what was given for it. Raises ValueError."""
        value = self.kind.parse(given)
        if (self.minimum is not None and value < self.minimum) or (self.maximum is not None and value > self.maximum):
            raise ValueError(given)
        return value


def value_in(settings: Settings, key: str) -> Any:
    """The value of `key` in there."""
    value: Any = settings
    for name in key.split("."):
        value = getattr(value, name)
    return value


TARGETS = ("pid", "netns", "container")  # of these only one can be meant

SETTINGS = (
    Setting(
        key="interfaces",
        options=("-i", "--interface"),
        kind=TEXTS,
        metavar="NAME",
        help="Interface to watch; any: all of them (so when none is named); -: a capture on standard input.",
    ),
    Setting(
        key="pid",
        options=("--pid",),
        kind=WHOLE,
        metavar="PID",
        minimum=1,
        help="Watch the network namespace of this process, and the ports on which it listens.",
    ),
    Setting(
        key="netns",
        options=("--netns",),
        kind=TEXT,
        metavar="PATH",
        help="Watch this network namespace: a path, or a name of `ip netns`.",
    ),
    Setting(
        key="container",
        options=("--container",),
        kind=TEXT,
        metavar="ID",
        help="Watch the network namespace of this container: the beginning of its identifier.",
    ),
    Setting(
        key="source",
        options=("--source",),
        kind=choice("ring", "portable", "stdin"),
        help="How packets are taken: the kernel's ring (Linux), scapy (elsewhere), or a capture on standard input.",
    ),
    Setting(
        key="ports",
        options=("-p", "--port"),
        kind=PORTS,
        metavar="PORT[-PORT]",
        help="Only TCP on these ports. Default: found by their WebSocket handshakes.",
    ),
    Setting(
        key="filter",
        options=("--filter",),
        kind=TEXT,
        metavar="EXPRESSION",
        help="Only packets that this expression of pcap-filter(7) lets pass, too.",
    ),
    Setting(
        key="snap_length",
        options=("--snap-length",),
        kind=SIZE,
        metavar="SIZE",
        minimum=128,
        maximum=262_144,
        help="Take only so much of each packet. What is cut off is counted as lost.",
    ),
    Setting(
        key="ring_bytes",
        options=("--ring",),
        kind=SIZE,
        metavar="SIZE",
        minimum=MIB,
        maximum=2048 * MIB,
        help="Ring buffer of each worker: what arrives while it is busy waits in there.",
    ),
    Setting(
        key="workers",
        options=("--workers",),
        kind=WHOLE,
        metavar="N",
        minimum=1,
        maximum=64,
        help="Capture processes among which the kernel shares the connections.",
    ),
    Setting(
        key="service", options=("--service",), kind=TEXT, metavar="NAME", help="Name of the observed service (service.name)."
    ),
    Setting(
        key="resource",
        options=("--resource",),
        kind=ATTRIBUTES,
        metavar="KEY=VALUE",
        help="A further resource attribute of all telemetry.",
    ),
    Setting(key="pod_info", options=(), kind=TEXT, help="Where a downward API volume is mounted: labels and names of the pod."),
    Setting(
        key="routes",
        options=("--routes",),
        kind=TEXT,
        metavar="FILE",
        help="Rules that name the route of connections whose handshake was missed.",
    ),
    Setting(
        key="store",
        options=("--store",),
        kind=TEXT,
        metavar="URL",
        help="Write into this store: a file, or sqlite:///FILE.",
    ),
    Setting(
        key="otlp",
        options=("--otlp",),
        kind=TEXT,
        metavar="ENDPOINT",
        help="Send traces and metrics there over OTLP, e.g. http://127.0.0.1:4318.",
    ),
    Setting(
        key="interval",
        options=("--interval",),
        kind=DURATION,
        metavar="TIME",
        minimum=0.1,
        maximum=3600,
        live=True,
        help="Time between exports.",
    ),
    Setting(
        key="drift",
        options=("--drift/--no-drift",),
        kind=SWITCH,
        help="Tell what changes about the messages.",
    ),
    Setting(
        key="recording.directory",
        options=("--record",),
        kind=TEXT,
        metavar="DIRECTORY",
        help="Keep packets of chosen connections there, as pcapng files.",
    ),
    Setting(
        key="recording.anomalies",
        options=("--record-anomaly",),
        kind=TEXTS,
        metavar="KIND",
        help="Record connections with this anomaly (any: with one at all).",
    ),
    Setting(
        key="recording.channels",
        options=("--record-channel",),
        kind=TEXTS,
        metavar="CHANNEL",
        help="Record connections that carry this channel.",
    ),
    Setting(
        key="recording.sample",
        options=("--record-sample",),
        kind=SHARE,
        metavar="SHARE",
        minimum=0,
        maximum=1,
        help="Record this share of all connections, chosen by hash.",
    ),
    Setting(
        key="recording.payloads",
        options=("--record-payloads",),
        kind=choice("whole", "redacted", "headers"),
        help="What of their payloads is kept.",
    ),
    Setting(
        key="recording.file_bytes",
        options=("--record-size",),
        kind=SIZE,
        metavar="SIZE",
        minimum=65_536,
        help="A file is closed when it has grown to this...",
    ),
    Setting(
        key="recording.file_seconds",
        options=("--record-age",),
        kind=DURATION,
        metavar="TIME",
        minimum=1,
        maximum=365 * DAY_S,
        help="... or is as old as this.",
    ),
    Setting(
        key="recording.files",
        options=("--record-files",),
        kind=WHOLE,
        metavar="N",
        minimum=1,
        maximum=100_000,
        help="The oldest files are removed when there are more.",
    ),
    Setting(
        key="memory",
        options=("--memory",),
        kind=SIZE,
        metavar="SIZE",
        minimum=32 * MIB,
        live=True,
        help="Memory budget of all processes together, kept by giving up detail.",
    ),
    Setting(
        key="health",
        options=("--health",),
        kind=ADDRESS,
        metavar="ADDRESS",
        help="Where /healthz, /readyz, /metrics and /status answer: host:port, unix:/path, or off.",
    ),
    Setting(
        key="user",
        options=("--user",),
        kind=TEXT,
        metavar="NAME",
        help="User to change to once the capture is open.",
    ),
    Setting(
        key="log",
        options=("--log",),
        kind=choice("auto", "text", "json"),
        help="Form of the lines on standard error; auto: JSON in a container, else text.",
    ),
    Setting(
        key="ui",
        options=("--ui/--no-ui",),
        kind=SWITCH,
        help="Show a live table of channels, rates and loss on the terminal.",
    ),
)
BY_KEY = {setting.key: setting for setting in SETTINGS}


def markdown_table() -> str:
    """The table of docs/settings.md."""
    rows = ["| key in the file | option | variable | default | SIGHUP | meaning |", "|---|---|---|---|---|---|"]
    for setting in SETTINGS:
        options = ", ".join(f"`{option}`" for option in setting.options) or "-"
        default = default_text(setting)
        live = "applies" if setting.live else "restart"
        meaning = setting.help if setting.minimum is None else f"{setting.help} {setting.expects.capitalize()}."
        cells = [f"`{setting.key}`", options, f"`{setting.variable}`", f"`{default}`" if default else "-", live, meaning]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def default_text(setting: Setting) -> str | None:
    """Its default as it would be written; None when it is nothing."""
    default = setting.default
    return None if default is None or default in ((), {}) else setting.kind.show(default)
