"""What `wsobserve doctor` says."""

from __future__ import annotations

import wsobserve
from wsobserve.build import build_lines
from wsobserve.doctor import EXTRAS, doctor_lines, may_capture


def test_it_names_the_version_the_build_every_extra_and_what_may_be_captured() -> None:
    lines = doctor_lines()
    assert lines[0] == f"wsobserve {wsobserve.__version__}"
    assert set(build_lines()) <= set(lines)
    for extra in EXTRAS:
        assert any(line.startswith(f"extra [{extra}]: ") for line in lines)
    assert lines[-1].startswith("live capture: ")
    assert ("not" in lines[-1]) == (not may_capture())
