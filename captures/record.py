"""Record the captures again: real programs, a real capture tool, and what the programs logged as the expected records.

    python captures/record.py NAME... | --all  [--output FOLDER]

Each recording runs in network namespaces of its own (Linux, root), so that nothing else is on the wire and nothing
outside is touched. A recording is a server and a client from `scripts/`; both write what they send and receive to a
log, and `expected.py` joins the two logs. What tcpdump captured is never looked into.
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from expected import LogError, expected_records, write_records

FOLDER = Path(__file__).resolve().parent
SCRIPTS = FOLDER / "scripts"
WITHIN_NAMESPACE = "WSOBSERVE_RECORDING_NAMESPACE"


class RecordingError(Exception):
    """The recording did not work; nothing was written."""


@dataclass(frozen=True)
class Recording:
    """How one capture is made.

    `script` is started as `script server` and `script client`, or alone when `server` says how to start the server.
    """

    name: str
    script: str
    ports: tuple[int, ...]
    suffix: str = "pcapng"  # `pcapng`, or `pcap` for the classic format
    nanoseconds: bool = True  # only for `pcap`
    rotate_seconds: int | None = None  # a new file after so many seconds: NAME_0.SUFFIX, NAME_1.SUFFIX.gz, ...
    addresses: tuple[str, ...] = ()  # more addresses for the loopback interface
    mtu: int = 1500
    veth: tuple[str, str] | None = None  # addresses of a client's and a server's namespace joined by a veth pair
    client_starts_capture: bool = False  # the client says when, by the line `capture`
    server: tuple[str, ...] | None = None  # a server that is no script of ours; ended by a signal
    server_ready: str = "ready"  # what it says when it answers
    timeout: float = 90


RECORDINGS = {
    recording.name: recording
    for recording in (
        Recording("demo", "demo.py", (8080,), addresses=("10.20.0.10/24", *(f"10.20.0.{n}/24" for n in range(101, 119)))),
        Recording("ws_deflate", "ws_deflate.mjs", (8091,)),
        Recording("socketio", "socketio.mjs", (8092,)),
        Recording("graphql_ws", "graphql_ws.mjs", (8093,), suffix="pcap", nanoseconds=False),
        Recording("websockets_chat", "websockets_chat.py", (8094,), suffix="pcap"),
        Recording("ipv6", "ipv6.py", (8095,), veth=("fd00:8095::2", "fd00:8095::1")),
        Recording("fragments", "fragments.mjs", (8096,), veth=("10.96.0.2", "10.96.0.1"), suffix="pcap"),
        Recording("mqtt", "mqtt.py", (8097,), server=("mosquitto", "-c", "{scripts}/mqtt.conf"), server_ready=" running"),
        Recording("browser", "browser.py", (8098,)),
        Recording("abnormal_close", "abnormal_close.py", (8099, 8100), suffix="pcap", nanoseconds=False),
        Recording("midstream", "midstream.py", (8101,), suffix="pcap", client_starts_capture=True),
        Recording("rotated", "rotated.py", (8102,), suffix="pcap", rotate_seconds=3),
    )
}


class Program:
    """A running child: its lines are waited for, and it is ended by its own process identifier."""

    def __init__(self, arguments: list[str], *, environment: dict[str, str] | None = None, error: bool = False) -> None:
        self.arguments = arguments
        self._process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL if error else subprocess.PIPE,
            stderr=subprocess.PIPE if error else None,
            env={**os.environ, **(environment or {})},
        )
        stream = self._process.stderr if error else self._process.stdout
        assert stream is not None
        self._stream = stream
        self._lines = b""

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_for_line(self, text: str, timeout: float) -> None:
        """Return when the program has printed a line that holds `text`."""
        deadline = time.monotonic() + timeout
        while text.encode() not in self._lines:
            ready, _, _ = select.select([self._stream], [], [], max(0.0, deadline - time.monotonic()))
            piece = os.read(self._stream.fileno(), 65536) if ready else b""
            if not piece:
                raise RecordingError(f"{self.arguments[-2:]} did not say {text!r}: {self._lines.decode(errors='replace')}")
            self._lines += piece

    def tell(self, line: str) -> None:
        """Write a line to the program's standard input; a program that is gone does not mind."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{line}\n".encode())
            self._process.stdin.flush()
        except BrokenPipeError:
            pass

    def wait(self, timeout: float) -> int:
        """Wait for its end; return its exit status."""
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise RecordingError(f"{self.arguments[-2:]} did not end within {timeout} s") from None

    def interrupt(self, timeout: float = 10) -> str:
        """End it with SIGINT, as a person would; return what it said until then."""
        self._process.send_signal(2)
        rest = self._stream.read()
        self.wait(timeout)
        return (self._lines + rest).decode(errors="replace")

    def stop(self) -> None:
        """Make sure that it is gone."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def run(*arguments: str) -> None:
    """Run a short command; its failure is ours."""
    done = subprocess.run(arguments, capture_output=True, text=True)
    if done.returncode:
        raise RecordingError(f"{' '.join(arguments)}: {done.stderr.strip()}")


def set_up_network(recording: Recording) -> None:
    """Bring up the loopback interface of the namespace in which we run."""
    run("ip", "link", "set", "lo", "mtu", str(recording.mtu), "up")
    for address in recording.addresses:
        run("ip", "address", "add", address, "dev", "lo")


def set_up_veth(recording: Recording, server_namespace: int) -> None:
    """Join our namespace, the client's, to the one of process `server_namespace` by a veth pair."""
    assert recording.veth is not None
    client, server = recording.veth
    prefix = ["64", "nodad"] if ":" in client else ["24"]
    within = ["nsenter", "--net", "--target", str(server_namespace)]
    run("ip", "link", "add", "client", "type", "veth", "peer", "name", "server", "netns", str(server_namespace))
    for side, address, prepend in (("client", client, []), ("server", server, within)):
        run(*prepend, "ip", "address", "add", f"{address}/{prefix[0]}", "dev", side, *prefix[1:])
        # One packet per segment on the wire, as between two machines; otherwise the kernel hands over 64 kB at once.
        run(*prepend, "ip", "link", "set", side, "mtu", str(recording.mtu), "gso_max_segs", "1", "up")


def command_of(recording: Recording, side: str, namespace: int | None = None) -> list[str]:
    """How the client or the server of a recording is started, within the namespace of a process if one is given."""
    if namespace is not None:
        return ["nsenter", "--net", "--target", str(namespace), *command_of(recording, side)]
    if side == "server" and recording.server is not None:
        return [part.format(scripts=SCRIPTS) for part in recording.server]
    interpreter = "node" if recording.script.endswith(".mjs") else sys.executable
    return [interpreter, str(SCRIPTS / recording.script), side]


def capture_command(recording: Recording, file: Path) -> list[str]:
    ports = " or ".join(f"tcp port {port}" for port in recording.ports)
    options = ["--immediate-mode", "-U", "-n", "-Z", "root", "-B", "16384"]
    if recording.rotate_seconds is not None:
        options += ["-G", str(recording.rotate_seconds)]
        file = file.with_name("raw_%s.pcap")
    if recording.nanoseconds:
        options.append("--time-stamp-precision=nano")
    return ["tcpdump", "-i", "client" if recording.veth else "lo", "-w", str(file), *options, ports]


def record(recording: Recording, output: Path) -> None:
    """Record into `output`; called within the namespace."""
    set_up_network(recording)
    with tempfile.TemporaryDirectory(prefix="wsobserve-") as name:
        folder = Path(name)
        raw = folder / "raw.pcap"
        logs = {side: folder / f"{side}.jsonl" for side in ("client", "server")}
        running: list[Program] = []

        def start(arguments: list[str], *, error: bool = False, log: Path | None = None) -> Program:
            environment = {"PYTHONUNBUFFERED": "1"} | ({} if log is None else {"APPLICATION_LOG": str(log)})
            running.append(Program(arguments, environment=environment, error=error))
            return running[-1]

        def start_capture() -> Program:
            capture = start(capture_command(recording, raw), error=True)
            capture.wait_for_line("listening on", 10)
            return capture

        try:
            namespace = None
            if recording.veth is not None:
                namespace = start(["unshare", "--net", "sh", "-c", "echo ready; exec sleep 600"])
                namespace.wait_for_line("ready", 5)
                set_up_veth(recording, namespace.pid)
            capture = None if recording.client_starts_capture else start_capture()
            command = command_of(recording, "server", namespace.pid if namespace else None)
            server = start(command, error=recording.server is not None, log=logs["server"])
            server.wait_for_line(recording.server_ready, 15)
            client = start(command_of(recording, "client"), log=logs["client"])
            if capture is None:
                client.wait_for_line("capture", 30)
                capture = start_capture()
                client.tell("capturing")
            if client.wait(recording.timeout):
                raise RecordingError(f"the client of {recording.name} failed")
            if recording.server is None:
                server.tell("stop")
                server.wait(15)
            else:
                server.interrupt()
            time.sleep(0.5)  # the kernel hands over the last packets
            said = capture.interrupt()
        finally:
            for program in running:
                program.stop()
        dropped = re.search(r"(\d+) packets? dropped by kernel", said)
        if dropped is None or int(dropped[1]):
            raise RecordingError(f"the capture of {recording.name} is not whole: {said}")
        files = take_files(recording, folder)
        try:
            records = expected_records(recording.name, [file.name for file in files], logs["client"], logs["server"])
        except LogError as error:
            raise RecordingError(str(error)) from error
        for old in output.glob(f"{recording.name}_[0-9]*.{recording.suffix}*"):
            old.unlink()  # the last time there may have been more files
        for file in files:
            shutil.copyfile(file, output / file.name)
        write_records(output / f"{recording.name}.expected.jsonl", records)
        print(f"{recording.name}: {len(records)} records, {sum(file.stat().st_size for file in files)} bytes")


def take_files(recording: Recording, folder: Path) -> list[Path]:
    """Bring what was captured into its final form and under its final name."""
    output = folder / "final"
    output.mkdir()
    if recording.rotate_seconds is not None:
        return [
            take_rotated(file, output / f"{recording.name}_{position}.{recording.suffix}", compress=position % 2 == 1)
            for position, file in enumerate(sorted(folder.glob("raw_*.pcap")))
        ]
    raw = folder / "raw.pcap"
    file = output / f"{recording.name}.{recording.suffix}"
    if recording.suffix == "pcapng":
        run("editcap", "-F", "pcapng", str(raw), str(file))
    else:
        shutil.copyfile(raw, file)
    return [file]


def take_rotated(raw: Path, file: Path, *, compress: bool) -> Path:
    """One of several files, with gzip or without."""
    if not compress:
        shutil.copyfile(raw, file)
        return file
    file = file.with_name(f"{file.name}.gz")
    file.write_bytes(gzip.compress(raw.read_bytes(), mtime=0))
    return file


def main() -> int:
    parser = argparse.ArgumentParser(description="Record captures again.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(RECORDINGS))
    parser.add_argument("--all", action="store_true", help="all of them")
    parser.add_argument("--output", type=Path, default=FOLDER, help="folder to write to (default: %(default)s)")
    options = parser.parse_args()
    names = list(RECORDINGS) if options.all else options.names
    unknown = [name for name in names if name not in RECORDINGS]
    if unknown or not names:
        parser.error(f"unknown recording: {', '.join(unknown)}" if unknown else "which recording?")
    if os.environ.get(WITHIN_NAMESPACE) == names[0]:
        try:
            record(RECORDINGS[names[0]], options.output)
        except RecordingError as error:
            print(f"{names[0]}: {error}", file=sys.stderr)
            return 1
        return 0
    options.output.mkdir(parents=True, exist_ok=True)
    failed = 0
    for name in names:
        again = ["unshare", "--net", "--mount", sys.executable, __file__, name, "--output", str(options.output.resolve())]
        failed += subprocess.run(again, env={**os.environ, WITHIN_NAMESPACE: name}).returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
