"""Where the collector is: what a user writes for an endpoint, and the `OTEL_*` environment, as one plain answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from urllib.parse import SplitResult, urlsplit

import msgspec

from wsobserve.export.error import ExportError

Protocol = Literal["http/protobuf", "grpc"]

DEFAULT_PORTS: dict[Protocol, int] = {"http/protobuf": 4318, "grpc": 4317}
SIGNAL_PATHS = ("/v1/traces", "/v1/metrics", "/v1/logs")


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A collector. `traces` and `metrics` are what the SDK's exporters take; None leaves the choice to its environment."""

    protocol: Protocol
    traces: str | None
    metrics: str | None
    name: str  # for people: never holds a user or a password


def endpoint_of(written: str | None, protocol: str | None, environment: Mapping[str, str]) -> Endpoint:
    """The collector that is meant by `written`; None: by the environment, and else the one on this machine.

    `written` is a URL (`http`, `https`, or `grpc` and `grpcs` which name the protocol too) or `host`, `host:port`. The
    protocol is `protocol`, or the scheme's, or that of `OTEL_EXPORTER_OTLP_PROTOCOL`, or gRPC where the port is 4317,
    or HTTP. `ExportError` for what cannot be meant.
    """
    if written is None:
        chosen = _protocol(protocol or environment.get("OTEL_EXPORTER_OTLP_PROTOCOL") or "http/protobuf")
        base = environment.get("OTEL_EXPORTER_OTLP_ENDPOINT") or f"http://localhost:{DEFAULT_PORTS[chosen]}"
        if not environment.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
            return Endpoint(protocol=chosen, traces=None, metrics=None, name=_name(_split(base)))
        found = endpoint_of(base, chosen, {})
        # The SDK reads the variables of one signal, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT..., before the common one.
        return Endpoint(
            protocol=chosen,
            traces=None if environment.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") else found.traces,
            metrics=None if environment.get("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT") else found.metrics,
            name=found.name,
        )
    url = _split(written if "://" in written else f"//{written}")
    scheme_protocol = "grpc" if url.scheme in ("grpc", "grpcs") else None
    port_protocol = "grpc" if url.port == DEFAULT_PORTS["grpc"] else None
    chosen = _protocol(
        protocol or scheme_protocol or environment.get("OTEL_EXPORTER_OTLP_PROTOCOL") or port_protocol or "http/protobuf"
    )
    # A URL without a port has its scheme's; a bare host has OTLP's.
    port = url.port or (DEFAULT_PORTS[chosen] if url.scheme in ("", "grpc", "grpcs") else None)
    scheme = "https" if url.scheme in ("https", "grpcs") else "http"
    user, at, _ = url.netloc.rpartition("@")
    host = f"[{url.hostname}]" if url.hostname and ":" in url.hostname else url.hostname
    base = f"{scheme}://{user}{at}{host}" + (f":{port}" if port else "")
    if chosen == "grpc":
        return Endpoint(protocol=chosen, traces=base, metrics=base, name=_name(url, port))
    path = url.path.rstrip("/")
    for signal_path in SIGNAL_PATHS:
        path = path.removesuffix(signal_path)
    return Endpoint(
        protocol=chosen, traces=f"{base}{path}/v1/traces", metrics=f"{base}{path}/v1/metrics", name=_name(url, port)
    )


def _protocol(protocol: str) -> Protocol:
    match protocol.strip().lower():
        case "http/protobuf":
            return "http/protobuf"
        case "grpc":
            return "grpc"
        case _:
            raise ExportError(f"OTLP protocol {protocol!r} is not known: http/protobuf or grpc")


def _split(url: str) -> SplitResult:
    try:
        split = urlsplit(url)
        port, host = split.port, split.hostname  # both read here: they raise for what cannot be right
    except ValueError:
        raise ExportError("OTLP endpoint: not a URL with a host and a port from 1 to 65535") from None
    if split.scheme not in ("", "http", "https", "grpc", "grpcs"):
        raise ExportError(f"OTLP endpoint: scheme {split.scheme!r} is not one of http, https, grpc, grpcs")
    if not host or port == 0 or any(character.isspace() or not character.isprintable() for character in url):
        raise ExportError("OTLP endpoint: no host, or no usable port; write it as http://collector:4318 or collector:4317")
    return split


def _name(url: SplitResult, port: int | None = None) -> str:
    host = f"[{url.hostname}]" if url.hostname and ":" in url.hostname else url.hostname
    port = url.port or port
    return f"{host}:{port}" if port else f"{host}"
