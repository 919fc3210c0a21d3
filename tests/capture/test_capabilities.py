"""What a process holds is what the kernel says of it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.stories import as_root, program, run_story
from wsobserve.capture.capabilities import NET_RAW, Held, capability_names, held_by

pytestmark = pytest.mark.build_independent

STATUS = """Name:\tpython3
Uid:\t1000\t1001\t1000\t1000
Gid:\t100\t101\t100\t100
Threads:\t3
CapInh:\t0000000000000001
CapPrm:\t0000000000002000
CapEff:\t0000000000002000
CapBnd:\t000001ffffffffff
CapAmb:\t0000000000000002
NoNewPrivs:\t1
Seccomp:\t2
Seccomp_filters:\t1
"""


def test_every_field_is_read_from_its_own_line(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "status").write_text(STATUS)
    assert held_by(7, tmp_path) == Held(1001, 101, 3, 0x2000, 0x2000, 1, 2, 0x1FF_FFFF_FFFF, True, True)
    assert held_by(7, tmp_path).may(NET_RAW)
    assert not held_by(7, tmp_path).may(0)


def test_a_process_that_is_gone_is_an_error_of_the_world(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        held_by(7, tmp_path)


def test_names_are_those_of_the_kernels_header() -> None:
    header = Path("/usr/include/linux/capability.h")
    if not header.exists():
        pytest.skip("the kernel's headers are not installed")
    defined = re.findall(r"^#define CAP_(\w+)\s+(\d+)$", header.read_text(), re.MULTILINE)
    names = {int(number): name for name, number in defined}
    assert len(names) >= 41
    assert {number: capability_names(1 << number)[0] for number in range(41)} == {number: names[number] for number in range(41)}


def test_a_capability_newer_than_us_is_its_number() -> None:
    assert capability_names(1 << 13 | 1 << 60) == ["NET_RAW", "60"]
    assert capability_names(0) == []


@as_root
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="capabilities are Linux's")
def test_a_real_process_holds_what_it_was_started_with() -> None:
    story = """if 1:
        import json
        from wsobserve.capture.capabilities import capability_names, held_by
        held = held_by()
        print(json.dumps([capability_names(held.effective), capability_names(held.bounding), held.no_new_privileges]))
    """
    before = [program("setpriv"), "--bounding-set=-all,+net_raw,+chown", "--inh-caps=-all", "--no-new-privs"]
    assert run_story(story, before=before) == [["CHOWN", "NET_RAW"], ["CHOWN", "NET_RAW"], True]
