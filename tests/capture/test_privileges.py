"""Privileges given up: what each way of starting allows, and that nothing of it is left while the capture goes on.

Each story is a process of its own: it opens a packet socket, gives everything up, and tells what it still can.
"""

from __future__ import annotations

import errno
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stories import NOBODY, ForAll, as_root, for_all, program, run_story
from wsobserve.capture.seccomp import REFUSED

pytestmark = [
    pytest.mark.build_independent,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="privileges are given up on Linux"),
]

CAPTURE = """if 1:
    import ctypes, json, os, signal, socket, struct, sys
    from wsobserve.capture.missing_privilege import missing_net_raw
    from wsobserve.capture.privileges import drop

    def failure(call, *arguments):
        try:
            call(*arguments)
        except OSError as error:
            return error.errno
        return 0

    def status(process):
        lines = open(f"/proc/{process}/status").read().splitlines()
        fields = dict(line.split(":", 1) for line in lines)
        names = ("Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp")
        return {name: fields[name].split() for name in names}

    def packet_socket():
        return socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))

    def tell(**facts):
        print(json.dumps(facts))
        sys.exit()

    try:
        packets = packet_socket()
    except PermissionError:
        tell(message=missing_net_raw("lo"))
    packets.settimeout(20)
    told = drop(sys.argv[1] or None)

    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", 0))
    receiver.sendto(b"after the privileges", receiver.getsockname())
    while b"after the privileges" not in packets.recv(65536):
        pass
    seen, dropped = struct.unpack("=II", packets.getsockopt(263, 6, 8))

    child = os.fork()  # as the parent forks a worker again
    if not child:
        packets.getsockopt(263, 6, 8)
        signal.pause()
    held_by_child = status(child)
    os.kill(child, signal.SIGTERM)
    _, ended = os.waitpid(child, 0)

    nothing = ctypes.create_string_buffer(struct.pack("=HBBI", 0x06, 0, 0, 0))  # another filter: nothing passes
    described = struct.pack("@HP", 1, ctypes.addressof(nothing))
    another_filter = failure(packets.setsockopt, socket.SOL_SOCKET, 26, described)
    server = socket.create_server(("127.0.0.1", 0))  # other sockets stay allowed
    client = socket.create_connection(server.getsockname())
    tell(
        told=told,
        status=status("self"),
        child=held_by_child,
        child_ended_by=os.WTERMSIG(ended),
        seen=seen,
        another_filter=another_filter,
        interfaces=[name for _, name in socket.if_nameindex()],
        new_packet_socket=failure(packet_socket),
        execve=failure(os.execv, "/bin/true", ["true"]),
        written=failure(open, sys.argv[2], "w") if sys.argv[2:] else None,
    )
"""

ONLY_NET_RAW = ["--bounding-set=-all,+net_raw"]
AS_NOBODY = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
INHERITABLE = ["--inh-caps=-all,+net_raw"]
AMBIENT = [*INHERITABLE, "--ambient-caps=-all,+net_raw"]
NO_NEW_PRIVILEGES = ["--no-new-privs"]


@pytest.fixture(scope="module")
def everybody() -> Iterator[ForAll]:
    with for_all() as made:
        yield made


@pytest.fixture(scope="module")
def capable_python(everybody: ForAll) -> str:
    """An interpreter to which CAP_NET_RAW was given by setcap."""
    copy = everybody.directory / "capable-python"
    shutil.copy(everybody.python, copy)
    subprocess.run([program("setcap"), "cap_net_raw+ep", str(copy)], check=True)
    return str(copy)


def setpriv(*arguments: str) -> list[str]:
    return [program("setpriv"), *arguments]


def assert_nothing_is_held(story: dict[str, Any], user: int, bounding: int) -> None:
    for status in (story["status"], story["child"]):
        assert {int(status[name][0], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {0}
        assert int(status["CapBnd"][0], 16) == bounding
        assert status["NoNewPrivs"] == ["1"]
        assert status["Seccomp"] == ["2"]
        assert status["Uid"] == [str(user)] * 4
        assert status["Gid"] == [str(user)] * 4
        assert set(status["Groups"]) <= {str(user)}
    assert story["seen"] > 0
    assert story["new_packet_socket"] == errno.EPERM
    assert story["another_filter"] == 0
    assert "lo" in story["interfaces"]
    assert story["execve"] == errno.EPERM
    assert story["child_ended_by"] == 15
    told = story["told"]
    assert told[0] == f"user {user}, group {user}"
    assert told[1] == "capabilities: none"
    assert "empty" in told[2] if not bounding else "NET_RAW" in told[2]
    assert "no new privileges" in told[3]
    assert told[4].startswith(f"seccomp: {len(REFUSED)} system calls refused")
    assert told[5].startswith("memory: closed")


@as_root
@pytest.mark.parametrize("user", [0, NOBODY])
def test_root_keeps_capturing_and_nothing_else(everybody: ForAll, user: int) -> None:
    assert_nothing_is_held(everybody.run(CAPTURE, str(user) if user else ""), user, bounding=0)


@as_root
def test_root_with_nothing_but_net_raw_needs_no_more(everybody: ForAll) -> None:
    """As in a container: drop ALL, add NET_RAW, allowPrivilegeEscalation false."""
    before = setpriv(*ONLY_NET_RAW, "--inh-caps=-all", *NO_NEW_PRIVILEGES)
    assert_nothing_is_held(everybody.run(CAPTURE, "", before=before), 0, bounding=1 << 13)


@as_root
def test_another_user_captures_by_an_ambient_capability(everybody: ForAll) -> None:
    """As by AmbientCapabilities= of a systemd unit."""
    before = setpriv(*AS_NOBODY, *ONLY_NET_RAW, *AMBIENT, *NO_NEW_PRIVILEGES)
    assert_nothing_is_held(everybody.run(CAPTURE, "", before=before), NOBODY, bounding=1 << 13)


@as_root
def test_another_user_who_is_only_allowed_to_inherit_it_is_told(everybody: ForAll) -> None:
    """As Kubernetes starts a container whose runAsUser is not root."""
    told = everybody.run(CAPTURE, "", before=setpriv(*AS_NOBODY, *ONLY_NET_RAW, *INHERITABLE, *NO_NEW_PRIVILEGES))
    assert told["message"].startswith("lo: capturing needs the capability CAP_NET_RAW; ")


@as_root
def test_an_interpreter_that_has_it_by_setcap_captures(everybody: ForAll, capable_python: str) -> None:
    before = setpriv(*AS_NOBODY, *ONLY_NET_RAW, "--inh-caps=-all")
    assert_nothing_is_held(everybody.run(CAPTURE, "", before=before, python=capable_python), NOBODY, bounding=1 << 13)


@as_root
def test_so_it_does_without_new_privileges_while_the_starter_still_holds_it(everybody: ForAll, capable_python: str) -> None:
    before = setpriv(*AS_NOBODY, *ONLY_NET_RAW, *AMBIENT, *NO_NEW_PRIVILEGES)
    assert_nothing_is_held(everybody.run(CAPTURE, "", before=before, python=capable_python), NOBODY, bounding=1 << 13)


@as_root
def test_behind_a_shell_it_does_not_and_says_that_no_new_privs_is_why(everybody: ForAll, capable_python: str) -> None:
    before = [*setpriv(*AS_NOBODY, *ONLY_NET_RAW, *INHERITABLE, *NO_NEW_PRIVILEGES), "sh", "-c", 'exec "$@"', "sh"]
    message = everybody.run(CAPTURE, "", before=before, python=capable_python)["message"]
    assert "CAP_NET_RAW" in message
    assert "no_new_privs" in message
    assert capable_python in message


@as_root
def test_a_read_only_root_file_system_is_enough(everybody: ForAll) -> None:
    before = [program("unshare"), "--mount", "sh", "-c", 'mount -o remount,bind,ro / && exec "$@"', "sh"]
    before += setpriv(*ONLY_NET_RAW, "--inh-caps=-all", *NO_NEW_PRIVILEGES)
    story = everybody.run(CAPTURE, "", str(everybody.directory / "anything"), before=before)
    assert story["written"] == errno.EROFS
    assert_nothing_is_held(story, 0, bounding=1 << 13)


EXPORT = """if 1:
    import json, os, socket, sys, threading, urllib.request
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from wsobserve.capture.privileges import drop
    told = drop()
    outlet = os.fork()
    if outlet:
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(outlet, 0)[1]))
    # Everything heavy is imported only here, where nothing is held any more.
    from wsobserve.observing import open_exporters
    from wsobserve.pipeline import Pipeline
    from wsobserve.records import Half, Handshake
    handshake = Handshake(
        half=Half(connection="c1", source="10.0.0.1:5", destination="10.0.0.2:80"), time_ns=10**18, packet=1,
        request_time_ns=10**18, request_packet=1, method="GET", target="/", path_template="/", host=None, origin=None,
        user_agent=None, traceparent=None, version="13", status_code=101,
    )
    store, *collectors = sys.argv[1:]
    for address, collector in [(store, None), *((None, collector) for collector in collectors)]:
        [exporter] = open_exporters(address, collector, "chat", [], {"team": "blue"})
        exporter.export([handshake, Pipeline().snapshot(final=True)])
        assert exporter.flush(20)
        exporter.close()

    class Health(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"healthy")
        def log_message(self, *arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Health)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with urllib.request.urlopen("http://localhost:%d/healthz" % server.server_address[1], timeout=20) as answer:
        health = answer.read().decode()
    ours, theirs = socket.socketpair()  # AF_UNIX, as of a PostgreSQL server or systemd
    print(json.dumps([told[1], health]), flush=True)
    os._exit(0)
"""


@as_root
def test_what_the_sidecar_goes_on_doing_still_works(tmp_path: Path) -> None:
    """The store, both protocols to a collector, a health endpoint, threads and late imports, in a process forked afterwards."""
    pytest.importorskip("opentelemetry.sdk", reason="the extra [otlp] is not installed")
    from tests.otlp_receiver import grpc_receiver, http_receiver
    from wsobserve.export.store import StoreReader

    store = tmp_path / "live.db"
    with http_receiver() as by_http, grpc_receiver() as by_grpc:
        told = run_story(EXPORT, str(store), by_http.endpoint, by_grpc.endpoint)
    assert told == ["capabilities: none", "healthy"]
    for received in (by_http, by_grpc):
        assert [span.name for span in received.spans] == ["GET /"]
        assert {resource["team"] for resource in received.resources} == {"blue"}
    assert [run["service"] for run in StoreReader(str(store)).runs()] == ["chat"]


CHANGE = """if 1:
    import json, sys
    from wsobserve.capture.error import CaptureError
    from wsobserve.capture.privileges import drop
    try:
        print(json.dumps(drop(sys.argv[1])))
    except CaptureError as error:
        print(json.dumps(str(error)))
"""


@as_root
def test_a_user_it_may_not_change_to_is_an_error(everybody: ForAll) -> None:
    message = everybody.run(CHANGE, str(NOBODY), before=setpriv(*ONLY_NET_RAW, "--inh-caps=-all"))
    assert "CAP_SETUID" in message
    assert "CAP_SETGID" in message
    assert "\n" not in message


@as_root
def test_the_user_it_is_already_needs_no_privilege(everybody: ForAll) -> None:
    told = everybody.run(CHANGE, str(NOBODY), before=setpriv(*AS_NOBODY, "--bounding-set=-all", "--inh-caps=-all"))
    assert told[0] == f"user {NOBODY}, group {NOBODY}"


@as_root
@pytest.mark.parametrize(
    ("user", "group"), [("1234567", 1234567), ("1234567:7654321", 7654321), ("root:1234567", 1234567), ("root", 0)]
)
def test_users_and_groups_by_number_and_name(everybody: ForAll, user: str, group: int) -> None:
    number = 0 if user.startswith("root") else 1234567
    assert everybody.run(CHANGE, user)[0] == f"user {number}, group {group}"


@as_root
@pytest.mark.parametrize(
    "user", ["nobody-of-this-name", "", "-1", "4294967295", "99999999999999999999", "root:none-such", "root:"]
)
def test_a_user_that_is_none_is_an_error(everybody: ForAll, user: str) -> None:
    assert "no such" in everybody.run(CHANGE, user)


@as_root
def test_modules_that_can_no_longer_be_read_are_told(everybody: ForAll) -> None:
    closed = everybody.directory / "closed"
    closed.mkdir(mode=0o700)
    story = f"import sys; sys.path.append({str(closed)!r})\n" + CHANGE
    assert everybody.run(story, str(NOBODY))[-1].endswith(f": {closed}")
    assert all(str(closed) not in line for line in everybody.run(story, "root"))


@as_root
def test_memory_is_closed_to_others_and_its_size_is_not() -> None:
    """The parent measures its workers by /proc/PID/statm; what lies in their memory is payload."""
    story = """if 1:
        import json, os
        from wsobserve.capture.privileges import drop
        drop()
        child = os.fork()
        if not child:
            os.read(0, 1)
            os._exit(0)
        readable = {}
        for name in ("statm", "status", "stat", "mem", "environ", "maps"):
            try:
                readable[name] = open(f"/proc/{child}/{name}", "rb").read(1) != b""
            except OSError:
                readable[name] = False
        os.kill(child, 9)
        own = len(open("/proc/self/smaps_rollup").read()) > 0 and len(os.listdir("/proc/self/fd")) > 2
        print(json.dumps([readable, own]))
    """
    readable, own = run_story(story)
    assert readable == {"statm": True, "status": True, "stat": True, "mem": False, "environ": False, "maps": False}
    assert own


def test_with_a_second_thread_it_refuses() -> None:
    story = """if 1:
        import json, threading
        from wsobserve.capture.privileges import drop
        waiting = threading.Event()
        thread = threading.Thread(target=waiting.wait)
        thread.start()
        try:
            drop()
        except RuntimeError as error:
            print(json.dumps(str(error)))
        waiting.set()
    """
    assert "not 2" in run_story(story)


@as_root
def test_without_any_privilege_nothing_fails() -> None:
    story = """if 1:
        import json
        from wsobserve.capture.privileges import drop
        print(json.dumps([drop(), drop()]))  # the second time nothing is left to give up
    """
    first, second = run_story(story, before=setpriv("--bounding-set=-all", "--inh-caps=-all"))
    assert first == second
    assert first[1] == "capabilities: none"


def test_a_filter_that_the_kernel_refuses_is_told() -> None:
    story = """if 1:
        import json, struct
        from wsobserve.capture import privileges
        def refuse(program):
            raise OSError(22, "Invalid argument")
        privileges.install_seccomp_filter = refuse
        first = privileges.drop()
        privileges.refusing_program = lambda machine: None
        print(json.dumps([first, privileges.drop()]))
    """
    refused, unknown = run_story(story)
    assert "seccomp: no filter, the kernel refused it (Invalid argument)" in refused
    assert any(line.startswith("seccomp: no filter, system calls of ") for line in unknown)


DIE = """if 1:
    import json, os, select, signal, sys
    from wsobserve.capture.privileges import die_with
    reading, writing = os.pipe()
    parent = os.fork()
    if not parent:
        worker = os.fork()
        if not worker:
            die_with(int(sys.argv[1]) or os.getppid())
            os.write(writing, b"alive")
            signal.pause()
        os.close(writing)
        signal.pause()
    os.close(writing)
    def read():
        return os.read(reading, 10).decode() if select.select([reading], [], [], 20)[0] else "nothing came"
    first = read()
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    print(json.dumps([first, read()]))
"""


def test_a_worker_goes_when_its_parent_is_gone() -> None:
    assert run_story(DIE, "0") == ["alive", ""], "its end of the pipe is closed"


def test_a_worker_whose_parent_went_before_goes_at_once() -> None:
    assert run_story(DIE, "999999999") == ["", ""], "no process has this number"
