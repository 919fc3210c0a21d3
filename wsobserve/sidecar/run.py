"""`wsobserve attach`: settings in, processes started, everything that was observed at the end."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext

from wsobserve import __version__
from wsobserve.analysis import AnalysisResult
from wsobserve.capture.filter import packet_filter
from wsobserve.capture.ring import open_rings
from wsobserve.config import DEFAULT_LIMITS, Limits
from wsobserve.export.error import ExportError
from wsobserve.export.exporter import Exporter
from wsobserve.records import Accounting, Snapshot
from wsobserve.sidecar.memory import limits_within, state_bytes
from wsobserve.sidecar.outlet import Outlet
from wsobserve.sidecar.parent import Parent, Ring
from wsobserve.sidecar.pipe import Pipe
from wsobserve.sidecar.settings import Settings
from wsobserve.sidecar.status import Status
from wsobserve.sidecar.worker import CaptureWorker


def run(settings: Settings, say: Callable[[str], None]) -> AnalysisResult:
    """Watch until SIGINT or SIGTERM, and export meanwhile.

    `say` is told, a line at a time, that it began and what went wrong. Raises CaptureError and ExportError for what cannot
    be begun; what goes wrong later stands beside the results.
    """
    ...
