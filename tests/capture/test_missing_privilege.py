"""A missing privilege is told in one line, with what gives it where the process runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wsobserve.capture import missing_privilege
from wsobserve.capture.missing_privilege import missing_for_namespace, missing_net_raw

pytestmark = pytest.mark.build_independent

ALL = 0x1FF_FFFF_FFFF
NET_RAW = 1 << 13


def machine(root: Path, *, user: int = 0, effective: int = 0, bounding: int = 0, no_new_privileges: int = 0) -> Path:
    """A root directory whose /proc/self/status says this."""
    (root / "proc" / "self").mkdir(parents=True)
    (root / "proc" / "self" / "status").write_text(
        f"Uid:\t{user}\t{user}\t{user}\t{user}\nGid:\t0\t0\t0\t0\nThreads:\t1\nCapEff:\t{effective:016x}\n"
        f"CapBnd:\t{bounding:016x}\nNoNewPrivs:\t{no_new_privileges}\n"
    )
    return root


def test_on_a_plain_machine_root_or_setcap(tmp_path: Path) -> None:
    message = missing_net_raw("eth0", machine(tmp_path, user=1000, bounding=ALL), {})
    assert message.startswith(
        "eth0: capturing needs the capability CAP_NET_RAW; run as root, or once: sudo setcap cap_net_raw+ep /"
    )


def test_kubernetes_gives_it_to_root_only(tmp_path: Path) -> None:
    message = missing_net_raw("eth0", machine(tmp_path, user=1000, bounding=NET_RAW), {"KUBERNETES_SERVICE_HOST": "10.0.0.1"})
    assert "not to user 1000" in message
    assert "runAsUser: 0" in message


def test_in_kubernetes_the_security_context_gives_it(tmp_path: Path) -> None:
    message = missing_net_raw("eth0", machine(tmp_path), {"KUBERNETES_SERVICE_HOST": "10.0.0.1"})
    assert "securityContext: {runAsUser: 0, capabilities: {drop: [ALL], add: [NET_RAW]}}" in message


@pytest.mark.parametrize("mark", [".dockerenv", "run/.containerenv"])
def test_in_a_container_its_engine_gives_it(tmp_path: Path, mark: str) -> None:
    root = machine(tmp_path)
    (root / mark).parent.mkdir(exist_ok=True)
    (root / mark).touch()
    assert "docker run --cap-add NET_RAW" in missing_net_raw("eth0", root, {})


def test_in_a_container_another_user_does_not_get_it(tmp_path: Path) -> None:
    root = machine(tmp_path, user=1000, bounding=NET_RAW)
    (root / ".dockerenv").touch()
    assert "user 1000 does not get it: docker run --user 0 " in missing_net_raw("eth0", root, {})


def test_in_a_unit_systemd_gives_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = machine(tmp_path, user=1000, bounding=ALL)
    monkeypatch.setattr(os, "getppid", lambda: 1)
    assert "AmbientCapabilities=CAP_NET_RAW" in missing_net_raw("eth0", root, {"INVOCATION_ID": "1"})
    assert "AmbientCapabilities" not in missing_net_raw("eth0", root, {}), "nothing says that it is a unit"


def test_setcap_in_vain_is_told_wherever_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = machine(tmp_path, user=1000, bounding=NET_RAW, no_new_privileges=1)
    (root / ".dockerenv").touch()
    monkeypatch.setattr(missing_privilege, "_has_file_capability", lambda path: True)
    assert "no_new_privs is set" in missing_net_raw("eth0", root, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"})


def test_who_holds_it_is_refused_by_something_else(tmp_path: Path) -> None:
    message = missing_net_raw("eth0", machine(tmp_path, effective=NET_RAW), {})
    assert "although the process holds CAP_NET_RAW" in message
    assert "needs" not in message


def test_where_nothing_is_known_root_does(tmp_path: Path) -> None:
    assert missing_net_raw("eth0", tmp_path, {}) == "eth0: capturing needs the capability CAP_NET_RAW; run as root"


def test_each_is_one_line(tmp_path: Path) -> None:
    assert "\n" not in missing_net_raw("eth0", machine(tmp_path), {})
    message = missing_for_namespace("/proc/7/ns/net", "opening")
    assert message.startswith(
        "/proc/7/ns/net: opening this network namespace needs the capabilities CAP_SYS_ADMIN and CAP_SYS_P"
    )
    assert "SYS_PTRACE" not in missing_for_namespace("/run/netns/blue", "entering"), "it is nobody's process"
    assert "\n" not in message
