"""What `wsobserve doctor` says."""

from __future__ import annotations

import shutil

import pytest

import wsobserve
from wsobserve.build import build_lines
from wsobserve.capture import expression, ring
from wsobserve.capture.error import CaptureError
from wsobserve.doctor import EXTRAS, doctor_lines, may_capture


def test_it_names_the_version_the_build_every_extra_and_what_may_be_captured() -> None:
    lines = doctor_lines()
    assert lines[0] == f"wsobserve {wsobserve.__version__}"
    assert set(build_lines()) <= set(lines)
    for extra in EXTRAS:
        assert any(line.startswith(f"extra [{extra}]: ") for line in lines)
    assert lines[-1].startswith("live capture: ")
    assert lines[-1].startswith("live capture: allowed (CAP_NET_RAW), ") is bool(may_capture())
    assert lines[-2].startswith("filter expressions: ")


@pytest.mark.needs_kernel("packet sockets that we may open")
@pytest.mark.skipif(not may_capture(), reason="capturing needs Linux and the capability CAP_NET_RAW")
def test_a_ring_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor_lines()[-1] == "live capture: allowed (CAP_NET_RAW), through a ring (TPACKET_V3)"

    def refused(*_: object, **__: object) -> None:
        raise CaptureError("any: this kernel has none")

    monkeypatch.setattr(ring, "open_rings", refused)
    assert doctor_lines()[-1] == "live capture: allowed (CAP_NET_RAW), but without a ring: any: this kernel has none"


def test_what_compiles_filter_expressions_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expression, "find_library", lambda: None)
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/tcpdump")
    assert "filter expressions: compiled by tcpdump, as libpcap is not installed" in doctor_lines()
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert any(line.startswith("filter expressions: none") for line in doctor_lines())
