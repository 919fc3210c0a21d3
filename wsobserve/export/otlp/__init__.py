"""OpenTelemetry: records become spans and metrics, sent over OTLP by opentelemetry-sdk's exporters.

    Handshake, ConnectionSummary, Snapshot -> traces  -> spans    -> collector
    Snapshot                               -> metrics -> metrics  -> collector

Importing this package does not import opentelemetry; making an `OtlpExporter` does.
"""

from __future__ import annotations

from wsobserve.export.otlp.exporter import OtlpExporter

__all__ = ["OtlpExporter"]
