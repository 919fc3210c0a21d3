"""The SDK's exporters behind one class: what they answer, what they complain of, and when to leave them in peace."""

from __future__ import annotations

import logging

import pytest

pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is not installed: pip install 'wsobserve[otlp]'")

from opentelemetry.sdk.metrics.export import MetricsData

from wsobserve.export.error import ExportError
from wsobserve.export.otlp import collector as collector_file
from wsobserve.export.otlp.collector import PAUSE, Collector, resource_of


class Clock:
    """A monotonic clock that moves when told to."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s


class Refusing:
    """Stands for the SDK's exporters: refuses after so many seconds, complaining."""

    def __init__(self, clock: Clock, took_s: float, *complaints: str) -> None:
        self.clock = clock
        self.took_s = took_s
        self.complaints = complaints

    def export(self, _: object) -> bool:
        self.clock.now_s += self.took_s
        for complaint in self.complaints:
            logging.getLogger("opentelemetry.exporter.otlp.test").warning(complaint)
        return False

    def shutdown(self) -> None:
        pass


def refused(monkeypatch: pytest.MonkeyPatch, took_s: float, *complaints: str) -> tuple[Collector, Clock, str]:
    clock = Clock()
    monkeypatch.setattr(collector_file, "time", clock)
    collector = Collector("127.0.0.1:4318", None, None, None)
    monkeypatch.setattr(collector, "_spans", Refusing(clock, took_s, *complaints))
    with pytest.raises(ExportError) as raised:
        collector.send_spans([])
    return collector, clock, str(raised.value)


def test_after_a_slow_failure_it_is_left_in_peace_in_proportion(monkeypatch: pytest.MonkeyPatch) -> None:
    collector, clock, _ = refused(monkeypatch, 7.0)
    assert not collector.ready("spans")
    assert collector.ready("metrics")  # perhaps another backend
    clock.now_s += PAUSE * 7.0
    assert collector.ready("spans")
    collector.close()


def test_after_a_failure_that_cost_nothing_it_may_be_asked_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    collector, _, _ = refused(monkeypatch, 0.0)
    assert collector.ready("spans")
    collector.close()


def test_the_first_complaint_is_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    collector, _, told = refused(monkeypatch, 0, "code: 401, reason:\n Unauthorized", "giving up")
    assert told == "OTLP collector 127.0.0.1:4318 took no spans: code: 401, reason: Unauthorized"
    collector.close()


def test_of_a_nest_of_exceptions_the_operating_systems_words_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    nest = "Transient error Pool(Caused by NewConnectionError('<object>: failed: [Errno 111] Connection refused'))"
    collector, _, told = refused(monkeypatch, 0, nest)
    assert told == "OTLP collector 127.0.0.1:4318 took no spans: [Errno 111] Connection refused"
    collector.close()


def test_without_a_complaint_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    collector, _, told = refused(monkeypatch, 0)
    assert told.endswith("took no spans: no reason given")
    collector.close()


def test_a_closed_collector_refuses_and_leaves_no_handler_behind() -> None:
    before = list(logging.getLogger("opentelemetry.exporter.otlp").handlers)
    collector = Collector("127.0.0.1:4318", None, None, None)
    collector.close()
    assert logging.getLogger("opentelemetry.exporter.otlp").handlers == before
    with pytest.raises(ExportError, match="took no metrics"):
        collector.send_metrics(MetricsData([]))


def test_the_resource_is_the_observed_service_and_not_this_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_SERVICE_NAME", raising=False)
    monkeypatch.delenv("OTEL_RESOURCE_ATTRIBUTES", raising=False)
    assert resource_of(None, {}).attributes["service.name"] == "unknown_service"
    assert resource_of(None, {"service.name": "a"}).attributes["service.name"] == "a"
    assert resource_of("b", {"service.name": "a"}).attributes["service.name"] == "b"
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=c,k8s.pod.name=p")
    assert resource_of(None, {}).attributes["service.name"] == "c"
    assert resource_of("b", {}).attributes["k8s.pod.name"] == "p"
