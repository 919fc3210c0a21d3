"""What a user may write for a collector, and what is meant by it."""

from __future__ import annotations

import pytest

from wsobserve.export.error import ExportError
from wsobserve.export.otlp.endpoint import endpoint_of


@pytest.mark.parametrize(
    ("written", "protocol", "base", "name"),
    [
        ("http://collector:4318", "http/protobuf", "http://collector:4318", "collector:4318"),
        ("http://collector:4318/", "http/protobuf", "http://collector:4318", "collector:4318"),
        ("http://collector:4318/v1/traces", "http/protobuf", "http://collector:4318", "collector:4318"),
        ("https://otlp.example/prefix/v1/metrics", "http/protobuf", "https://otlp.example/prefix", "otlp.example"),
        ("collector", "http/protobuf", "http://collector:4318", "collector:4318"),
        ("127.0.0.1:9999", "http/protobuf", "http://127.0.0.1:9999", "127.0.0.1:9999"),
        ("[::1]:4318", "http/protobuf", "http://[::1]:4318", "[::1]:4318"),
        ("http://user:secret@collector:4318", "http/protobuf", "http://user:secret@collector:4318", "collector:4318"),
    ],
)
def test_over_http_each_signal_has_its_path(written: str, protocol: str, base: str, name: str) -> None:
    endpoint = endpoint_of(written, None, {})
    assert (endpoint.protocol, endpoint.name) == (protocol, name)
    assert (endpoint.traces, endpoint.metrics) == (f"{base}/v1/traces", f"{base}/v1/metrics")


@pytest.mark.parametrize(
    ("written", "protocol", "target"),
    [
        ("http://collector:4317", None, "http://collector:4317"),
        ("collector:4317", None, "http://collector:4317"),
        ("grpc://collector", None, "http://collector:4317"),
        ("grpcs://collector:9", None, "https://collector:9"),
        ("collector", "grpc", "http://collector:4317"),
        ("https://collector:4318/ignored", "grpc", "https://collector:4318"),
    ],
)
def test_grpc_is_meant_by_its_port_its_scheme_or_by_name(written: str, protocol: str | None, target: str) -> None:
    endpoint = endpoint_of(written, protocol, {})
    assert (endpoint.protocol, endpoint.traces, endpoint.metrics) == ("grpc", target, target)


def test_the_environment_names_the_protocol_unless_the_endpoint_does() -> None:
    environment = {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    assert endpoint_of("collector:4318", None, environment).protocol == "grpc"
    assert endpoint_of("collector:4318", "http/protobuf", environment).protocol == "http/protobuf"
    assert endpoint_of("grpc://collector", None, {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}).protocol == "grpc"
    assert endpoint_of("collector:4317", None, {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}).protocol == "http/protobuf"


def test_without_an_endpoint_the_environment_says_where() -> None:
    found = endpoint_of(None, None, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318/base"})
    assert found.traces == "http://collector:4318/base/v1/traces"
    own = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://traces/"}
    assert endpoint_of(None, None, own).traces is None  # the SDK reads it
    assert endpoint_of(None, None, own).metrics == "http://collector:4318/v1/metrics"


def test_without_anything_it_is_this_machine() -> None:
    assert endpoint_of(None, None, {}).name == "localhost:4318"
    assert endpoint_of(None, "grpc", {}).name == "localhost:4317"
    assert endpoint_of(None, None, {}).traces is None


@pytest.mark.parametrize(
    "written",
    ["", "http://", "ftp://collector", "http://collector:0", "http://collector:99999", "http://collector:port", "col lector",
     "http://[::1", "file:///etc/passwd", "http://:4318", "http://collector:4318\n"],
)  # fmt: skip
def test_what_cannot_be_meant_is_one_line(written: str) -> None:
    with pytest.raises(ExportError) as raised:
        endpoint_of(written, None, {})
    assert len(str(raised.value).splitlines()) == 1


def test_a_password_in_the_endpoint_is_never_told() -> None:
    with pytest.raises(ExportError) as raised:
        endpoint_of("http://user:secret@collector:99999", None, {})
    assert "secret" not in str(raised.value)
    assert "secret" not in endpoint_of("http://user:secret@collector", None, {}).name


@pytest.mark.parametrize("protocol", ["http/json", "udp"])
def test_a_protocol_that_is_not_spoken_is_one_line(protocol: str) -> None:
    with pytest.raises(ExportError, match=protocol):
        endpoint_of("collector", protocol, {})
    with pytest.raises(ExportError, match=protocol):
        endpoint_of("collector", None, {"OTEL_EXPORTER_OTLP_PROTOCOL": protocol})
