"""What `wsobserve doctor` says: which build runs, which extras are there, what this machine allows."""

from __future__ import annotations

import importlib.metadata
import sys

from wsobserve import __version__
from wsobserve.build import build_lines
from wsobserve.capture.capabilities import NET_RAW, held_by

EXTRAS = {
    "pandas": ("pandas", "wsobserve.analyze() in Python"),
    "otlp": ("opentelemetry-sdk", "analyze --otlp, attach --otlp"),
    "dashboard": ("streamlit", "wsobserve dashboard, wsobserve demo"),
    "check": ("jsonschema-rs", "wsobserve check"),
    "live": ("scapy", "capture on systems other than Linux (not there yet)"),
}


def doctor_lines() -> list[str]:
    """One fact a line."""
    lines = [f"wsobserve {__version__}", *build_lines()]
    for extra, (package, purpose) in EXTRAS.items():
        try:
            lines.append(f"extra [{extra}]: {package} {importlib.metadata.version(package)}, for {purpose}")
        except importlib.metadata.PackageNotFoundError:
            lines.append(f"extra [{extra}]: not installed, for {purpose}; pip install 'wsobserve[{extra}]'")
    lines.append(f"live capture: {_live_capture()}")
    return lines


def may_capture() -> bool | None:
    """Whether this process may watch an interface; None when it cannot be told."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        return held_by().may(NET_RAW)
    except (OSError, KeyError, ValueError):
        return None


def _live_capture() -> str:
    match may_capture():
        case True:
            return "allowed (CAP_NET_RAW)"
        case None:
            return "not known"
        case _ if not sys.platform.startswith("linux"):
            return f"not on {sys.platform} yet"
        case _:
            return "not allowed: needs CAP_NET_RAW (run as root, or setcap cap_net_raw+ep on the Python interpreter)"
