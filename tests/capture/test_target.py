"""A target is found by process, container, name or path: where to open rings, and for which ports."""

from __future__ import annotations

import os
import sys

import pytest

from tests.stories import as_root, network_namespace, program, running
from wsobserve.capture import target
from wsobserve.capture.error import CaptureError
from wsobserve.capture.target import Target, find_target

pytestmark = [
    pytest.mark.build_independent,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="targets are found on Linux"),
]

LISTEN = """if 1:
    import json, socket, sys
    server = socket.create_server(("127.0.0.1", 0))
    print(json.dumps(server.getsockname()[1]), flush=True)
    sys.stdin.read()
"""


def test_no_target_is_this_machine() -> None:
    assert find_target(pid=None, netns=None, container=None, find_ports=True) == Target(None, None, ())


def test_a_process_in_our_network_needs_no_entering() -> None:
    with running(LISTEN) as (process, port):
        assert find_target(pid=process.pid, netns=None, container=None, find_ports=True) == Target(process.pid, None, (port,))
        assert find_target(pid=process.pid, netns=None, container=None, find_ports=False) == Target(process.pid, None, ())


@as_root
def test_a_process_in_another_network_is_entered() -> None:
    with network_namespace() as name, running(LISTEN, before=[program("ip"), "netns", "exec", name]) as (process, port):
        found = find_target(pid=process.pid, netns=None, container=None, find_ports=True)
        assert found == Target(process.pid, f"/proc/{process.pid}/ns/net", (port,))
        named = find_target(pid=None, netns=name, container=None, find_ports=True)
        assert named == Target(None, f"/run/netns/{name}", ())


def test_our_own_network_by_its_path_is_not_entered() -> None:
    assert find_target(pid=None, netns="/proc/self/ns/net", container=None, find_ports=True) == Target(None, None, ())


def test_a_container_is_its_first_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target, "first_process", {"abcd": os.getpid()}.__getitem__)  # real ones: test_container.py
    found = find_target(pid=None, netns=None, container="abcd", find_ports=False)
    assert found == Target(os.getpid(), None, ())


def test_two_targets_are_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="not two"):
        find_target(pid=1, netns="x", container=None, find_ports=True)
    with pytest.raises(ValueError, match="not two"):
        find_target(pid=1, netns=None, container="abcd", find_ports=True)


def test_what_is_not_there_is_told() -> None:
    with pytest.raises(CaptureError, match="no such process"):
        find_target(pid=999_999_999, netns=None, container=None, find_ports=True)
    with pytest.raises(CaptureError, match="no such network namespace"):
        find_target(pid=None, netns="no-such-name", container=None, find_ports=True)
    with pytest.raises(CaptureError, match="container my-service: not an identifier"):
        find_target(pid=None, netns=None, container="my-service", find_ports=True)
