"""What `wsobserve doctor` says: which build runs, which extras are there, what this machine allows."""

from __future__ import annotations

import importlib.metadata
import shutil
import sys

from wsobserve import __version__
from wsobserve.build import build_lines
from wsobserve.capture.capabilities import NET_RAW, held_by

EXTRAS = {
    "pandas": ("pandas", "wsobserve.analyze() in Python"),
    "otlp": ("opentelemetry-sdk", "analyze --otlp, attach --otlp"),
    "dashboard": ("streamlit", "wsobserve dashboard, wsobserve demo"),
    "check": ("jsonschema-rs", "wsobserve check"),
    "live": ("scapy", "capture without a ring: macOS, Windows"),
}


def doctor_lines() -> list[str]:
    """One fact a line."""
    lines = [f"wsobserve {__version__}", *build_lines()]
    for extra, (package, purpose) in EXTRAS.items():
        try:
            lines.append(f"extra [{extra}]: {package} {importlib.metadata.version(package)}, for {purpose}")
        except importlib.metadata.PackageNotFoundError:
            lines.append(f"extra [{extra}]: not installed, for {purpose}; pip install 'wsobserve[{extra}]'")
    lines.append(f"filter expressions: {_filter_expressions()}")
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


def _ring() -> str:
    """Opens a small one that receives nothing."""
    from wsobserve.capture.error import CaptureError
    from wsobserve.capture.filter import NOTHING
    from wsobserve.capture.ring import open_rings

    try:
        for ring in open_rings(["any"], NOTHING, ring_bytes=256 * 1024):
            ring.close()
    except CaptureError as error:
        return f"but without a ring: {error}"
    return "through a ring (TPACKET_V3)"


def _filter_expressions() -> str:
    from wsobserve.capture.expression import find_library

    if find_library() is not None:
        return "compiled by libpcap"
    if shutil.which("tcpdump") is not None:
        return "compiled by tcpdump, as libpcap is not installed"
    return "none: they need libpcap (package libpcap0.8 or libpcap) or tcpdump"


def _live_capture() -> str:
    match may_capture():
        case True:
            return f"allowed (CAP_NET_RAW), {_ring()}"
        case None:
            return "not known"
        case _ if not sys.platform.startswith("linux"):
            return f"through libpcap alone on {sys.platform}, with the extra [live]: there is no ring"
        case _:
            return "not allowed: needs CAP_NET_RAW (run as root, or setcap cap_net_raw+ep on the Python interpreter)"
