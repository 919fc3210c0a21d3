"""Somebody else's network entered and left again, by name, path and process; and what is told when that cannot be."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories import NOBODY, ForAll, as_root, for_all, network_namespace, program, run_story, running
from wsobserve.capture.error import CaptureError
from wsobserve.capture.namespace import entered, is_own, namespace_path, network_of

pytestmark = [
    pytest.mark.build_independent,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="network namespaces are Linux's"),
]

SERVER = """if 1:
    import asyncio, json, sys, websockets
    async def answer(connection):
        async for text in connection:
            await connection.send("echo of " + text)
    async def main():
        async with websockets.serve(answer, "127.0.0.1", 0) as server:
            print(json.dumps(server.sockets[0].getsockname()[1]), flush=True)
            await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    asyncio.run(main())
"""


@pytest.fixture(scope="module")
def target() -> Iterator[tuple[str, int, int]]:
    """Name of a namespace, process and port of a WebSocket server in it."""
    pytest.importorskip("websockets", reason="the package websockets is not installed")
    with network_namespace() as name, running(SERVER, before=[program("ip"), "netns", "exec", name]) as (process, port):
        yield name, process.pid, port


@pytest.fixture(scope="module")
def everybody() -> Iterator[ForAll]:
    with for_all() as made:
        yield made


@as_root
@pytest.mark.parametrize("how", ["name", "path", "process"])
def test_sockets_opened_inside_stay_there(target: tuple[str, int, int], how: str) -> None:
    from websockets.sync.client import connect

    name, process, port = target
    before = os.stat("/proc/thread-self/ns/net")
    where = {"name": name, "path": f"/run/netns/{name}", "process": network_of(process)}[how]
    assert not is_own(where)
    with entered(where):
        assert [interface for _, interface in socket.if_nameindex()] == ["lo"]
        packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
        connection = connect(f"ws://127.0.0.1:{port}/rooms", compression=None)
    assert os.path.samestat(os.stat("/proc/thread-self/ns/net"), before)
    with packets, connection:
        connection.send("from outside")
        assert connection.recv(timeout=20) == "echo of from outside"
        packets.settimeout(20)
        while b"echo of from outside" not in packets.recv(65536):
            pass
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


@as_root
def test_what_goes_wrong_inside_comes_out_and_so_do_we(target: tuple[str, int, int]) -> None:
    before = os.stat("/proc/thread-self/ns/net")
    with pytest.raises(KeyError), entered(target[0]):
        raise KeyError("inside")
    assert os.path.samestat(os.stat("/proc/thread-self/ns/net"), before)


@as_root
def test_no_descriptor_is_left(target: tuple[str, int, int]) -> None:
    before = os.listdir("/proc/self/fd")
    for _ in range(3):
        with entered(target[0]):
            pass
    assert os.listdir("/proc/self/fd") == before


@as_root
def test_not_coming_back_ends_the_process(target: tuple[str, int, int]) -> None:
    story = """if 1:
        import json, sys
        from wsobserve.capture.linux_calls import empty_capabilities
        from wsobserve.capture.namespace import entered
        try:
            with entered(sys.argv[1]):
                empty_capabilities()
        except Exception:
            print(json.dumps("it goes on"))
        except SystemExit as end:
            print(json.dumps(end.code))
    """
    assert run_story(story, target[0]) == (
        f"wsobserve: cannot come back from the network namespace /run/netns/{target[0]}: Operation not permitted"
    )


ENTER = """if 1:
    import json, sys
    from wsobserve.capture.error import CaptureError
    from wsobserve.capture.namespace import entered, is_own
    try:
        own = is_own(sys.argv[1])
        with entered(sys.argv[1]):
            print(json.dumps(own))
    except CaptureError as error:
        print(json.dumps(str(error)))
"""


@as_root
@pytest.mark.parametrize(
    ("capabilities", "by_process"),
    [
        ("-all,+net_raw", False),
        ("-all,+net_raw,+sys_ptrace", False),
        ("-all,+net_raw", True),
        ("-all,+net_raw,+sys_ptrace", True),
        ("-all,+net_raw,+sys_admin", True),
    ],
)
def test_without_the_privileges_it_says_which_and_what_else_helps(
    target: tuple[str, int, int], capabilities: str, by_process: bool
) -> None:
    before = [program("setpriv"), f"--bounding-set={capabilities}", "--inh-caps=-all"]
    message = run_story(ENTER, network_of(target[1]) if by_process else target[0], before=before)
    assert "CAP_SYS_ADMIN" in message
    assert ("CAP_SYS_PTRACE" in message) == by_process
    assert "share the network" in message
    assert "\n" not in message


ATTACH = """if 1:
    import json, socket, sys
    from wsobserve.capture.namespace import entered
    from wsobserve.capture.privileges import drop
    from wsobserve.capture.target import find_target
    process = int(sys.argv[2]) or None
    found = find_target(pid=process, netns=None if process else sys.argv[1], container=None, find_ports=True)
    with entered(found.network):
        packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        receiver.bind(("127.0.0.1", 0))
    told = drop()
    receiver.sendto(b"from inside", receiver.getsockname())
    packets.settimeout(20)
    while b"from inside" not in packets.recv(65536):
        pass
    print(json.dumps([found.ports, told[1]]))
"""


@as_root
@pytest.mark.parametrize("by_process", [False, True])
def test_exactly_these_privileges_suffice_and_are_given_up(target: tuple[str, int, int], by_process: bool) -> None:
    name, process, port = target
    needed = "-all,+net_raw,+sys_admin" + (",+sys_ptrace" if by_process else "")
    before = [program("setpriv"), f"--bounding-set={needed}", "--inh-caps=-all"]
    ports, held = run_story(ATTACH, name, str(process if by_process else 0), before=before)
    assert ports == ([port] if by_process else [])
    assert held == "capabilities: none"


@as_root
def test_our_own_is_entered_without_any_privilege(everybody: ForAll) -> None:
    nobody = [
        program("setpriv"),
        f"--reuid={NOBODY}",
        f"--regid={NOBODY}",
        "--clear-groups",
        "--bounding-set=-all",
        "--inh-caps=-all",
    ]
    assert everybody.run(ENTER, "/proc/self/ns/net", before=nobody) is True


@as_root
def test_who_may_not_look_at_the_namespace_of_a_process_still_tells_whether_it_is_ours(
    everybody: ForAll, target: tuple[str, int, int]
) -> None:
    """As beside a service of another user in one pod: the network is shared, and nothing has to be entered."""
    nobody = [
        program("setpriv"),
        f"--reuid={NOBODY}",
        f"--regid={NOBODY}",
        "--clear-groups",
        "--bounding-set=-all",
        "--inh-caps=-all",
    ]
    assert everybody.run(ENTER, network_of(os.getpid()), before=nobody) is True
    assert "needs the capabilities" in everybody.run(ENTER, network_of(target[1]), before=nobody)


@pytest.mark.parametrize("call", [is_own, namespace_path, lambda name: entered(name).__enter__()])
def test_a_name_that_is_none_is_told_with_those_that_are(call: object) -> None:
    assert callable(call)
    with pytest.raises(CaptureError, match=r"^no-such-name: no such network namespace \(there are .*/proc/PID/ns/net$"):
        call("no-such-name")
    with pytest.raises(CaptureError, match="no such network namespace"):
        call("")


@as_root
def test_names_that_are_there_are_listed(target: tuple[str, int, int]) -> None:
    with pytest.raises(CaptureError, match=target[0]):
        namespace_path("no-such-name")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/proc/999999999/ns/net", "no such process here"),
        ("/nowhere/at/all", "no such network namespace"),
        ("/proc/self/status/ns/net", "no such process here"),
        ("/a\0b", "not a path"),
    ],
)
def test_a_path_that_leads_nowhere(path: str, said: str) -> None:
    with pytest.raises(CaptureError, match=said), entered(path):
        pass


@as_root
def test_what_is_no_network_namespace(tmp_path: Path) -> None:
    pipe, text = tmp_path / "pipe", tmp_path / "text"
    os.mkfifo(pipe)
    text.write_text("no namespace")
    for path in (pipe, text, Path("/proc/self/ns/mnt"), tmp_path):
        with pytest.raises(CaptureError, match=f"^{path}: not a network namespace$"), entered(str(path)):
            pass
