"""The systemd unit: what systemd itself says of it, and its settings file."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.stories import program
from wsobserve.sidecar.settings_file import read_settings

pytestmark = pytest.mark.build_independent

DIRECTORY = Path(__file__).resolve().parents[2] / "deploy" / "systemd"
UNIT = DIRECTORY / "wsobserve.service"
SETTINGS = DIRECTORY / "wsobserve.toml"
MOST_EXPOSED = 20  # of 100, by `systemd-analyze security`; 96 is a unit without any restriction
LINES = [line for line in UNIT.read_text(encoding="utf-8").splitlines() if re.match(r"\w+=", line)]


def value(key: str) -> str:
    (found,) = [line.partition("=")[2] for line in LINES if line.startswith(f"{key}=")]
    return found


def analyze(unit: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program("systemd-analyze"), *arguments, str(unit)], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a command that exists on this machine."""
    copy = tmp_path / "wsobserve.service"
    command = value("ExecStart").partition(" ")[0]
    copy.write_text(UNIT.read_text(encoding="utf-8").replace(command, program("true")), encoding="utf-8")
    return copy


def test_systemd_has_nothing_to_say_about_it(unit: Path) -> None:
    said = analyze(unit, "verify", "--man=no")
    assert (said.returncode, said.stderr) == (0, "")


def test_the_verification_can_fail(unit: Path) -> None:
    unit.write_text(unit.read_text(encoding="utf-8").replace("WatchdogSec=60", "WatchdogSec=often"), encoding="utf-8")
    assert "often" in analyze(unit, "verify", "--man=no").stderr


def test_it_is_hardly_exposed(unit: Path) -> None:
    said = analyze(unit, "security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager")
    assert said.returncode == 0, said.stdout


def test_net_raw_is_all_that_is_held() -> None:
    assert value("AmbientCapabilities") == value("CapabilityBoundingSet") == "CAP_NET_RAW"
    assert value("NoNewPrivileges") == value("DynamicUser") == "yes"
    assert value("ProtectSystem") == "strict"


def test_its_processes_are_not_hidden_from_each_other() -> None:
    """The parent adds up the memory of its children, which nobody but root sees where /proc hides them."""
    assert not [line for line in LINES if line.startswith(("ProtectProc=", "PrivateUsers="))]


def test_system_calls_that_give_up_privileges_are_allowed() -> None:
    filters = [line.partition("=")[2] for line in LINES if line.startswith("SystemCallFilter=")]
    assert filters[0] == "@system-service"
    assert filters[-1].split() == ["capset", "seccomp"]  # what comes last wins


def test_it_tells_systemd_how_it_is_and_reads_its_settings_again() -> None:
    assert (value("Type"), value("NotifyAccess")) == ("notify", "main")
    assert int(value("WatchdogSec")) >= 30
    assert value("ExecReload").endswith("kill -HUP $MAINPID")


def test_the_settings_can_be_and_lie_where_the_unit_may_write() -> None:
    assert value("ExecStart").endswith("wsobserve attach --settings /etc/wsobserve/wsobserve.toml")
    settings = read_settings(str(SETTINGS), {}, {})
    state = f"/var/lib/{value('StateDirectory')}"
    assert settings.store is not None
    assert settings.store.startswith(state + "/")
    assert value("WorkingDirectory") == state
    assert settings.memory * 3 // 2 == int(value("MemoryMax").removesuffix("M")) * 1024 * 1024
    assert settings.memory < int(value("MemoryHigh").removesuffix("M")) * 1024 * 1024


def test_what_the_settings_offer_in_comments_can_be_too(tmp_path: Path) -> None:
    offered = tmp_path / "wsobserve.toml"
    offered.write_text(re.sub(r"^#(?=[\w\[])", "", SETTINGS.read_text(encoding="utf-8"), flags=re.MULTILINE), encoding="utf-8")
    settings = read_settings(str(offered), {}, {})
    assert settings.recording.directory == f"/var/lib/{value('StateDirectory')}/recording"
    assert settings.otlp is not None
