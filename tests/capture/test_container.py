"""Containers found by their cgroups, in every form that engines give them, and in real cgroups."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.stories import as_root, program, run_story, running
from wsobserve.capture.container import container_of, first_process, mounted_container, pod_of
from wsobserve.capture.error import CaptureError

pytestmark = pytest.mark.build_independent

A, B, C = "a1" * 32, "a2" + "b3" * 31, "c4" * 32
POD = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
UNDERSCORED = POD.replace("-", "_")
BESTEFFORT = f"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{UNDERSCORED}.slice"

# What /proc/PID/cgroup says, and the container and pod that it means.
FORMS = {
    "Docker, version 1": (f"12:pids:/docker/{A}\n1:name=systemd:/docker/{A}\n0::/", A, None),
    "Docker, systemd": (f"0::/system.slice/docker-{A}.scope", A, None),
    "Docker of one user": (f"0::/user.slice/user-1000.slice/user@1000.service/user.slice/docker-{A}.scope", A, None),
    "Kubernetes, version 1": (f"4:memory:/kubepods/burstable/pod{POD}/{A}\n0::/", A, POD),
    "Kubernetes, guaranteed": (f"4:memory:/kubepods/pod{POD}/{A}", A, POD),
    "containerd": (f"0::{BESTEFFORT}/cri-containerd-{A}.scope", A, POD),
    "containerd, colons": (
        f"0::/system.slice/containerd.service/kubepods-burstable-pod{UNDERSCORED}.slice:cri-containerd:{A}",
        A,
        POD,
    ),
    "CRI-O": (f"0::{BESTEFFORT}/crio-{A}.scope", A, POD),
    "CRI-O, the container's own cgroups": (f"0::{BESTEFFORT}/crio-{A}.scope/container", A, POD),
    "CRI-O's monitor": (f"0::{BESTEFFORT}/crio-conmon-{A}.scope", None, POD),
    "cri-dockerd": (f"0::{BESTEFFORT}/docker-{A}.scope", A, POD),
    "static pod": (f"0::/kubepods.slice/kubepods-pod{'d5' * 16}.slice/cri-containerd-{A}.scope", A, "d5" * 16),
    "Podman": (f"0::/machine.slice/libpod-{A}.scope/container", A, None),
    "Podman of one user": (f"0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{A}.scope", A, None),
    "Podman's pod": (f"0::/machine.slice/machine-libpod_pod_{B}.slice/libpod-{A}.scope", A, None),
    "Podman's monitor": (f"0::/machine.slice/libpod-conmon-{A}.scope", None, None),
    "ECS": (f"9:cpu:/ecs/task/{A}", A, None),
    "Fargate": (f"1:name=systemd:/ecs/{'e6' * 16}/{'e6' * 16}-1234567890", f"{'e6' * 16}-1234567890", None),
    "nested": (f"0::/docker/{A}/system.slice/docker-{B}.scope", B, None),
    "nested, some hierarchies only": (f"9:cpu:/docker/{A}\n1:name=systemd:/docker/{A}/docker/{B}\n0::/", B, None),
    "kind": (f"0::/docker/{A}/kubelet.slice{BESTEFFORT}/cri-containerd-{B}.scope", B, POD),
    "seen from beside": (f"0::/../docker-{A}.scope", A, None),
    "none: the machine": ("0::/system.slice/ssh.service", None, None),
    "none: a user's program": (f"0::/user.slice/user-1000.slice/session-{A[:32]}.scope", None, None),
    "none: too short": (f"0::/docker/{A[:63]}", None, None),
    "none: not hexadecimal": (f"0::/docker/{'g' * 64}", None, None),
    "hidden": ("0::/", None, None),
    "hidden, version 1": ("12:pids:/\n1:name=systemd:/\n0::/", None, None),
    "not a cgroup file": ("nonsense\n\n:\n1:2", None, None),
}


def add(proc: Path, number: int | str, cgroup: str, started: int = 1, name: str = "service", mounts: str = "") -> None:
    directory = proc / str(number)
    directory.mkdir()
    (directory / "cgroup").write_text(cgroup + "\n")
    (directory / "stat").write_text(f"{number} ({name}) S 1 {' '.join(['0'] * 17)} {started} 0 0\n")
    (directory / "comm").write_text(f"{name}\n")
    (directory / "mountinfo").write_text(mounts)


@pytest.mark.parametrize("form", FORMS)
def test_every_engine_s_form_is_understood(form: str, tmp_path: Path) -> None:
    cgroup, container, pod = FORMS[form]
    add(tmp_path, 7, cgroup)
    assert container_of(7, tmp_path) == container
    assert pod_of(7, tmp_path) == pod


def mount(root: str, at: str, number: int = 900) -> str:
    return f"{number} 800 254:1 {root} {at} rw,relatime - ext4 /dev/vda1 rw\n"


def test_a_hidden_cgroup_is_made_up_for_by_what_docker_mounts(tmp_path: Path) -> None:
    mounts = mount("/", "/") + mount(f"/var/lib/docker/containers/{A}/resolv.conf", "/etc/resolv.conf")
    mounts += mount(f"/var/lib/docker/containers/{A}/hostname", "/etc/hostname")
    add(tmp_path, "self", "0::/", mounts=mounts)
    assert container_of("self", tmp_path) == mounted_container("self", tmp_path) == A


def test_and_by_what_podman_mounts(tmp_path: Path) -> None:
    mounts = mount(
        f"/containers/storage/overlay-containers/{B}/userdata/hostname", "/etc/hostname"
    )  # of the pod's infra container
    mounts += mount(f"/containers/storage/overlay-containers/{A}/userdata/.containerenv", "/run/.containerenv")
    add(tmp_path, "self", "0::/", mounts=mounts)
    assert container_of("self", tmp_path) == A


def test_a_pods_sandbox_is_not_taken_for_the_container(tmp_path: Path) -> None:
    mounts = mount(f"/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/{A}/hostname", "/etc/hostname")
    mounts += mount(f"/var/lib/containers/storage/overlay-containers/{A}/userdata/hostname", "/etc/hostname")
    mounts += mount(f"/var/lib/kubelet/pods/{POD}/etc-hosts", "/etc/hosts")
    add(tmp_path, "self", "0::/", mounts=mounts)
    assert container_of("self", tmp_path) is None


def test_the_cgroup_knows_better_than_the_mounts(tmp_path: Path) -> None:
    """A container that shares another's network has the other's files."""
    add(tmp_path, 7, f"0::/docker/{A}", mounts=mount(f"/var/lib/docker/containers/{B}/hostname", "/etc/hostname"))
    assert container_of(7, tmp_path) == A
    assert mounted_container(7, tmp_path) == B


def test_a_process_that_is_gone_is_in_no_container(tmp_path: Path) -> None:
    assert container_of(7, tmp_path) is None
    assert pod_of(7, tmp_path) is None


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Three containers, one with a later process, and programs beside them."""
    add(tmp_path, 1, "0::/init.scope", name="systemd")
    add(tmp_path, 300, f"0::/system.slice/docker-{A}.scope", 50, "worker")
    add(tmp_path, 400, f"0::/system.slice/docker-{A}.scope", 20, "node")
    add(tmp_path, 200, f"0::/system.slice/docker-{A}.scope", 90, "sh")  # docker exec, after the numbers went round
    add(tmp_path, 500, f"0::{BESTEFFORT}/cri-containerd-{B}.scope", 10, "python3")
    add(tmp_path, 600, f"0::/machine.slice/libpod-{C}.scope/container", 10, "java")
    add(tmp_path, 601, f"0::/machine.slice/libpod-conmon-{C}.scope", 9, "conmon")
    return tmp_path


@pytest.mark.parametrize(
    ("asked", "process"),
    [(A, 400), (A[:12], 400), ("a1a1", 400), (f"docker://{A}", 400), (f"containerd://{B}", 500), ("cri-o://" + C[:4], 600)],
)
def test_the_oldest_process_of_a_container_is_found(machine: Path, asked: str, process: int) -> None:
    assert first_process(asked, machine) == process


def test_a_beginning_of_several_is_told_with_all_of_them(machine: Path) -> None:
    add(machine, 700, f"0::/docker/{'a1a1' + 'ff' * 30}", name="redis")
    with pytest.raises(CaptureError) as raised:
        first_process("a1a1", machine)
    assert str(raised.value) == f"container a1a1: several begin so: {A[:12]} (node), a1a1ffffffff (redis)"


def test_no_such_container_is_told_with_those_there_are(machine: Path) -> None:
    with pytest.raises(CaptureError) as raised:
        first_process("dddd", machine)
    listed = f"{A[:12]} (node), {B[:12]} (python3), {C[:12]} (java)"
    assert str(raised.value) == f"container dddd: no such container; there are {listed}"


def test_many_containers_are_not_all_listed(tmp_path: Path) -> None:
    for number in range(1, 31):
        add(tmp_path, number, f"0::/docker/{number:064x}")
    with pytest.raises(CaptureError, match=r"and 20 more$"):
        first_process("ffff", tmp_path)


def test_where_no_container_can_be_seen_it_says_what_may_be_missing(tmp_path: Path) -> None:
    add(tmp_path, 1, "0::/")
    with pytest.raises(CaptureError, match=r"no container can be seen from here .*--pid=host"):
        first_process("abcd", tmp_path)


@pytest.mark.parametrize("name", ["my-service", "", "abc", "g" * 64, A + "0", "abcd\n", "../../etc", "docker://"])
def test_what_is_no_identifier_is_told(machine: Path, name: str) -> None:
    with pytest.raises(CaptureError, match="not an identifier") as raised:
        first_process(name, machine)
    assert "\n" not in str(raised.value)


@contextmanager
def real_cgroup(path: str) -> Iterator[Path]:
    """A cgroup that really is, in the first hierarchy in which we may make one."""
    made: list[Path] = []
    for hierarchy in ("unified", "systemd", "pids", ""):
        root = Path("/sys/fs/cgroup", hierarchy)
        if (root / "cgroup.procs").exists() and made_in(root, path, made):
            break
    else:
        pytest.skip("no cgroup can be made here")
    try:
        yield made[-1]
    finally:
        for directory in reversed(made):
            directory.rmdir()


def made_in(root: Path, path: str, made: list[Path]) -> bool:
    for depth in range(1, len(Path(path).parts) + 1):
        directory = root.joinpath(*Path(path).parts[:depth])
        try:
            if not directory.exists():
                directory.mkdir()
                made.append(directory)
        except OSError:
            return False
    return True


WAIT = "import sys; print(0, flush=True); sys.stdin.read()"


@as_root
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="cgroups are Linux's")
@pytest.mark.needs_kernel("cgroups that we may make")
@pytest.mark.parametrize("form", ["docker-{}.scope", "kubepods/burstable/pod" + POD + "/{}"])
def test_in_a_real_cgroup(form: str) -> None:
    identifier = os.urandom(32).hex()
    with real_cgroup(form.format(identifier)) as directory, running(WAIT) as (first, _), running(WAIT) as (second, _):
        for process in (first, second):
            (directory / "cgroup.procs").write_text(str(process.pid))
        assert container_of(first.pid) == container_of(second.pid) == identifier
        assert pod_of(second.pid) == (POD if "pod" in form else None)
        assert first_process(identifier) == first_process(identifier[:20]) == first.pid
        with pytest.raises(CaptureError, match=identifier[:12]):
            first_process("0000" + os.urandom(10).hex())


@as_root
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="cgroups are Linux's")
@pytest.mark.needs_kernel("cgroups that we may make")
def test_from_within_a_real_cgroup_namespace_others_are_still_seen() -> None:
    """Our own cgroup is hidden there; those beside it are not."""
    ours, theirs = os.urandom(32).hex(), os.urandom(32).hex()
    story = """if 1:
        import json, sys
        from wsobserve.capture.container import container_of, first_process
        print(json.dumps([container_of("self"), container_of(int(sys.argv[1])), first_process(sys.argv[2])]))
    """
    with (
        real_cgroup(f"docker-{ours}.scope") as own,
        real_cgroup(f"docker-{theirs}.scope") as other,
        running(WAIT) as (process, _),
    ):
        (other / "cgroup.procs").write_text(str(process.pid))
        enter = [program("sh"), "-c", f'echo $$ > {own}/cgroup.procs && exec "$@"', "sh", program("unshare"), "--cgroup"]
        enter += ["sh", "-c", 'exec "$@"', "sh"]
        assert run_story(story, str(process.pid), theirs, before=enter) == [None, theirs, process.pid]
