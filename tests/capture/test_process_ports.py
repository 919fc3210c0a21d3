"""Ports found by process: those on which it or its children really listen, and no others."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories import NOBODY, ForAll, as_root, for_all, network_namespace, program, running
from wsobserve.capture.error import CaptureError
from wsobserve.capture.process_ports import listening_ports

pytestmark = [
    pytest.mark.build_independent,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's"),
]

LISTEN = """if 1:
    import json, os, socket, sys
    def listen(address, family=socket.AF_INET):
        server = socket.create_server((address, 0), family=family)
        return server, server.getsockname()[1]
    ours = [listen("127.0.0.1"), listen("0.0.0.0")]
    if sys.argv[1:] == ["6"]:
        ours += [listen("::1", socket.AF_INET6), listen("::", socket.AF_INET6)]
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))  # does not listen
    client = socket.create_connection(ours[0][0].getsockname())
    accepted, _ = ours[0][0].accept()
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind(("127.0.0.1", 0))
    print(json.dumps(sorted(port for _, port in ours)), flush=True)
    sys.stdin.read()
"""

CHILDREN = """if 1:
    import json, os, socket, sys
    reading, writing = os.pipe()
    given_away = socket.create_server(("127.0.0.1", 0))
    if not os.fork():
        if not os.fork():
            given_away.close()
            own = socket.create_server(("127.0.0.1", 0))
            os.write(writing, str(own.getsockname()[1]).encode())
            sys.stdin.read()
            os._exit(0)
        sys.stdin.read()
        os._exit(0)
    port = given_away.getsockname()[1]
    given_away.close()  # only the child has it now
    print(json.dumps([port, int(os.read(reading, 10))]), flush=True)
    sys.stdin.read()
"""


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def everybody() -> Iterator[ForAll]:
    with for_all() as made:
        yield made


def test_what_listens_is_found_and_nothing_else() -> None:
    with running(LISTEN) as (process, ports):
        assert listening_ports(process.pid) == tuple(ports)


@pytest.mark.needs_kernel("IPv6")
@pytest.mark.skipif(not has_ipv6(), reason="no ::1 here")
def test_of_both_families() -> None:
    with running(LISTEN, "6") as (process, ports):
        assert len(ports) == 4
        assert listening_ports(process.pid) == tuple(ports)


def test_what_children_and_theirs_listen_on_is_the_process_s() -> None:
    with running(CHILDREN) as (process, ports):
        assert listening_ports(process.pid) == tuple(sorted(ports))


def test_a_process_that_does_not_listen_has_none() -> None:
    with running("import sys; print(0, flush=True); sys.stdin.read()") as (process, _):
        assert listening_ports(process.pid) == ()


@pytest.mark.needs_kernel("Multipath TCP")
def test_a_server_of_multipath_tcp_listens_too() -> None:
    """As those of Go do by themselves."""
    try:
        server = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
    except OSError as error:
        pytest.skip(f"no Multipath TCP: {error}")
    with server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        assert server.getsockname()[1] in listening_ports(os.getpid())


@as_root
def test_in_another_network_namespace() -> None:
    with network_namespace() as name, running(LISTEN, before=[program("ip"), "netns", "exec", name]) as (process, ports):
        assert listening_ports(process.pid) == tuple(ports)


ASK = """if 1:
    import json, sys
    from wsobserve.capture.error import CaptureError
    from wsobserve.capture.process_ports import listening_ports
    try:
        print(json.dumps(listening_ports(int(sys.argv[1]))))
    except CaptureError as error:
        print(json.dumps(str(error)))
"""


@as_root
def test_another_users_files_may_not_be_looked_at_and_that_is_told(everybody: ForAll) -> None:
    nobody = [
        program("setpriv"),
        f"--reuid={NOBODY}",
        f"--regid={NOBODY}",
        "--clear-groups",
        "--bounding-set=-all",
        "--inh-caps=-all",
    ]
    with running(LISTEN) as (process, _):
        message = everybody.run(ASK, str(process.pid), before=nobody)
    assert message.startswith(f"process {process.pid} (python")
    assert "--port" in message
    assert "CAP_SYS_PTRACE" in message
    assert "\n" not in message


@as_root
def test_root_without_the_capability_looks_at_roots(everybody: ForAll) -> None:
    with running(LISTEN) as (process, ports):
        before = [program("setpriv"), "--bounding-set=-all,+net_raw", "--inh-caps=-all"]
        answer = everybody.run(ASK, str(process.pid), before=before)
    # A process that holds more than we do is closed to us, though it has our user.
    assert "CAP_SYS_PTRACE" in answer
    with running(LISTEN, before=before) as (process, ports):
        assert everybody.run(ASK, str(process.pid), before=before) == ports


def test_no_such_process(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="no such process"):
        listening_ports(999_999_999)
    with pytest.raises(CaptureError, match="no such process"):
        listening_ports(7, tmp_path)
