"""wsobserve: see what runs over WebSockets, without touching the service.

`analyze(path)` decodes a capture and returns an `Observation`: connections, messages, channels and volumes as pandas
DataFrames, and the schemas of the message kinds. `CaptureError` says why a capture could not be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wsobserve.api import Observation, analyze
    from wsobserve.capture.error import CaptureError
    from wsobserve.config import Limits

__version__ = "0.1.0"
__all__ = ["CaptureError", "Limits", "Observation", "__version__", "analyze"]

_HOMES = {
    "analyze": "wsobserve.api",
    "Observation": "wsobserve.api",
    "CaptureError": "wsobserve.capture.error",
    "Limits": "wsobserve.config",
}


def __getattr__(name: str) -> Any:
    # What is offered here is imported when it is used, so that the command line starts fast.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
