"""A status as Prometheus reads it: text exposition format 0.0.4, under the names that OpenTelemetry's metrics get there.

Label values are other people's texts: they are escaped and cut. Series are limited: channels beyond the limit are one,
`_overflow`, and so are the names of a channel's messages; how many channels that is, is told. Who came first keeps its
place, so no counter goes back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from wsobserve.export.recording.counts import RecordingCounts
from wsobserve.records import ChannelTotal, Direction, Sizes, name_hash
from wsobserve.sidecar.status import Status

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
CHANNELS = 200  # series of one metric by channel and direction
NAMES = 20  # of the messages of one of these, each a series
TEXT_LENGTH = 200  # characters of a label's value that are kept
OVERFLOW = "_overflow"
# Powers of 4: with scale -1 and above every bucket of `Sizes` lies within one of these, so they are exact.
BOUNDS = (16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 16777216)

Labels = dict[str, str]
Sample = tuple[str, Labels, float]  # suffix of the name, labels, value


class Metrics:
    """Remembers which channels and names have series of their own. Not for several threads at once."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, Direction | None], set[str]] = {}  # by channel and direction with a series

    def text(self, status: Status) -> str:
        """All metrics: after each HELP and TYPE its samples."""
        page = _Page()
        page.gauge("wsobserve_info", "The observer.", [({"version": status.version, "service": status.service or ""}, 1)])
        page.gauge("wsobserve_start_time_seconds", "When it started, since 1970.", [({}, status.started_ns / 1e9)])
        page.gauge("wsobserve_ready", "Whether it observes.", [({}, int(status.ready))])
        page.gauge("wsobserve_healthy", "Whether all of it works.", [({}, int(status.healthy))])
        page.gauge("websocket_active_connections", "Connections that are open.", [({}, status.open_connections)])
        self._of_channels(page, status.channels)
        _of_accounting(page, status)
        _of_memory(page, status)
        _of_workers(page, status)
        _of_exporters(page, status)
        if status.recording is not None:
            _of_recording(page, status.recording)
        return page.text()

    def _of_channels(self, page: _Page, totals: Iterable[ChannelTotal]) -> None:
        kept: list[tuple[Labels, ChannelTotal]] = []
        messages: list[tuple[Labels, float]] = []
        rest: list[ChannelTotal] = []
        for total in totals:
            key = (total.channel, total.direction)
            if key not in self._names and len(self._names) >= CHANNELS:
                rest.append(total)
                continue
            labels = {"messaging_destination_template": total.channel, "websocket_message_direction": total.direction or ""}
            kept.append((labels, total))
            messages += _by_name(labels, total, self._names.setdefault(key, set()))
        wire: list[tuple[Labels, float]] = [(labels, total.frame_bytes) for labels, total in kept]
        if rest:
            beyond = {"messaging_destination_template": OVERFLOW, "otel_metric_overflow": "true"}
            messages.append((beyond, sum(total.messages for total in rest)))
            wire.append((beyond, sum(total.frame_bytes for total in rest)))
        sizes = [sample for labels, total in kept for sample in _histogram(labels, total.sizes)]
        page.counter("websocket_messages_total", "Messages.", messages)
        page.counter("websocket_io_bytes_total", "Bytes of messages on the wire.", wire)
        page.add("websocket_message_size_bytes", "histogram", "Length of messages after inflation.", sizes)
        page.gauge("wsobserve_metrics_overflow", "Channels, each direction by itself, without series.", [({}, len(rest))])


class _Page:
    """Metrics that were added, as text."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def add(self, name: str, kind: str, description: str, samples: Iterable[Sample]) -> None:
        lines = []
        for suffix, labels, value in samples:
            said = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items() if text)
            lines.append(f"{name}{suffix}{f'{{{said}}}' if said else ''} {value!r}")
        if lines:
            self._lines += [f"# HELP {name} {description}", f"# TYPE {name} {kind}", *lines]

    def gauge(self, name: str, description: str, samples: Iterable[tuple[Labels, float]]) -> None:
        self.add(name, "gauge", description, [("", *sample) for sample in samples])

    def counter(self, name: str, description: str, samples: Iterable[tuple[Labels, float]]) -> None:
        self.add(name, "counter", description, [("", *sample) for sample in samples])

    def by(self, name: str, description: str, label: str, counts: Mapping[str, int]) -> None:
        self.counter(name, description, [({label: key}, count) for key, count in sorted(counts.items())])

    def text(self) -> str:
        return "\n".join([*self._lines, ""])


def _by_name(labels: Labels, total: ChannelTotal, known: set[str]) -> list[tuple[Labels, float]]:
    """Messages by name; those without one have a series without it, which there always is."""
    beyond = 0
    samples: list[tuple[Labels, float]] = [(labels, total.messages - sum(total.names.values()) + total.names.get("", 0))]
    for name, count in total.names.items():
        if name and (name in known or len(known) < NAMES):
            known.add(name)
            samples.append(({**labels, "websocket_message_name": name}, count))
        elif name:
            beyond += count
    if beyond:
        samples.append(({**labels, "websocket_message_name": OVERFLOW, "otel_metric_overflow": "true"}, beyond))
    return samples


def _of_accounting(page: _Page, status: Status) -> None:
    accounting = status.accounting
    page.counter("wsobserve_capture_packets_total", "Packets seen.", [({}, accounting.packets_seen)])
    dropped = {"kernel_dropped": 0, **accounting.packets_dropped}  # at zero from the start: the first one is an increase
    for reason, count in accounting.capture_loss.items():
        dropped[reason] = dropped.get(reason, 0) + count
    page.by("wsobserve_capture_packets_dropped_total", "Packets not captured or not decodable.", "reason", dropped)
    page.by("wsobserve_capture_packets_skipped_total", "Packets of no concern.", "reason", accounting.packets_skipped)
    page.by("wsobserve_capture_losses_total", "Losses of unknown size.", "reason", accounting.capture_loss_unknown)
    page.counter("wsobserve_capture_bytes_lost_total", "Stream bytes missing.", [({}, accounting.bytes_lost)])
    page.counter("wsobserve_capture_gaps_total", "Holes in streams.", [({}, accounting.gaps)])
    page.by("wsobserve_handshakes_total", "Opening handshakes, by how they ended.", "state", accounting.handshakes)
    undecoded = {"incomplete": 0, **accounting.messages_undecoded}
    page.by("wsobserve_messages_undecoded_total", "Messages not decoded.", "reason", undecoded)
    page.by("wsobserve_anomalies_total", "What the RFCs forbid, or could not be followed.", "kind", accounting.anomalies)
    evicted: list[tuple[Labels, float]] = [
        ({"what": "connection", "reason": reason}, count) for reason, count in sorted(accounting.connections_evicted.items())
    ]
    page.counter("wsobserve_state_evicted_total", "State given up to stay within a limit.", evicted)


def _of_memory(page: _Page, status: Status) -> None:
    page.gauge("wsobserve_memory_bytes", "Memory of all its processes.", [({}, status.memory_bytes)])
    page.gauge("wsobserve_memory_budget_bytes", "What they may use.", [({}, status.memory_budget)])
    page.gauge("wsobserve_shedding", "Steps in force to stay within the budget: 0 none, 4 all.", [({}, status.shedding)])
    page.by("wsobserve_shed_total", "What was given up to stay within the budget.", "what", status.shed)


def _histogram(labels: Labels, sizes: Sizes) -> list[Sample]:
    """Cumulative counts: of the messages up to each bound, then of all of them."""
    ends = [(2.0 ** ((index + 1) * 2.0**-sizes.scale), count) for index, count in sizes.buckets.items()]
    samples: list[Sample] = []
    for bound in BOUNDS:
        # An end is a power of two to the last bit only where the exponent is a whole number; it is, at these bounds.
        within = sum(count for end, count in ends if end <= bound * (1 + 1e-9))
        samples.append(("_bucket", {**labels, "le": str(bound)}, sizes.zero_count + within))
    samples.append(("_bucket", {**labels, "le": "+Inf"}, sizes.count))
    return [*samples, ("_sum", labels, sizes.sum), ("_count", labels, sizes.count)]


def _of_workers(page: _Page, status: Status) -> None:
    workers = [({"worker": str(worker.number)}, worker) for worker in status.workers]
    page.gauge("wsobserve_worker_up", "Whether it runs.", [(of, int(one.process is not None)) for of, one in workers])
    page.counter("wsobserve_worker_restarts_total", "How often it died.", [(of, one.restarts) for of, one in workers])
    page.counter("wsobserve_worker_packets_total", "Packets it took.", [(of, one.packets) for of, one in workers])
    page.gauge("wsobserve_worker_memory_bytes", "Its memory.", [(of, one.memory_bytes) for of, one in workers])


def _of_exporters(page: _Page, status: Status) -> None:
    waiting: list[tuple[Labels, float]] = []
    outcomes: list[tuple[Labels, float]] = []
    failures: list[tuple[Labels, float]] = []
    for exporter in status.exporters:
        counts, of = exporter.counts, {"exporter": exporter.name}
        waiting.append((of, sum(counts.waiting.values())))
        failures.append((of, counts.failures))
        for outcome, by_type in (
            ("exported", counts.exported),
            ("replaced", counts.replaced),
            ("failed", counts.failed),
            ("dropped", counts.dropped),
        ):
            outcomes.append(({**of, "outcome": outcome}, sum(by_type.values())))
        outcomes.append(({**of, "outcome": "volumes_dropped"}, counts.volumes_dropped))
        outcomes.append(({**of, "outcome": "drift_dropped"}, counts.drift_dropped))
    page.gauge("wsobserve_exporter_queue_records", "Records that wait.", waiting)
    page.counter("wsobserve_exporter_records_total", "What became of records handed over.", outcomes)
    page.counter("wsobserve_exporter_failures_total", "Attempts that failed.", failures)


def _of_recording(page: _Page, counts: RecordingCounts) -> None:
    page.counter("wsobserve_recording_packets_total", "Packets written to files.", [({}, counts.packets)])
    page.counter("wsobserve_recording_bytes_total", "Bytes written to files.", [({}, counts.bytes)])
    left_out = {"memory": 0, "disk": 0, **counts.left_out}
    page.by("wsobserve_recording_packets_left_out_total", "Packets not written to files.", "reason", left_out)
    page.counter("wsobserve_recording_packets_cut_total", "Packets written without their payload.", [({}, counts.packets_cut)])
    page.by("wsobserve_recording_connections_total", "Connections recorded, by what for.", "by", counts.chosen)
    page.gauge("wsobserve_recording_packets_held", "Packets held for connections to come.", [({}, counts.packets_held)])
    page.gauge("wsobserve_recording_held_bytes", "Their bytes.", [({}, counts.bytes_held)])
    page.counter("wsobserve_recording_files_total", "Files begun.", [({}, counts.files)])
    page.counter("wsobserve_recording_files_removed_total", "Files removed.", [({}, counts.files_removed)])
    page.counter("wsobserve_recording_failures_total", "Times that a file could not be written.", [({}, counts.failures)])


def _escaped(text: str) -> str:
    kept = text[:TEXT_LENGTH].encode("utf-8", "replace").decode()
    if kept != text:
        kept = f"{kept}…{name_hash(text) >> 40:06x}"  # two texts that begin alike stay two: a series twice spoils the page
    return kept.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
