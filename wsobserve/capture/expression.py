"""A filter expression of pcap-filter(7), such as `host 10.0.0.7 and not port 22`, as a program of the kernel.

Compiled by libpcap where it is installed, else by tcpdump. For link type RAW: the program sees a packet from its IP
header on (see filter.py), so words about link headers and VLAN tags have no meaning here, and libpcap says so.
"""

from __future__ import annotations

import ctypes
import struct
import subprocess

from wsobserve.capture.error import CaptureError

_DLT_RAW = 12  # on Linux
_SNAP_LENGTH = 262_144
_NETMASK_UNKNOWN = 0xFFFFFFFF
_TCPDUMP_SECONDS = 30  # names of hosts in an expression are looked up
_LIBRARIES = ("libpcap.so.0.8", "libpcap.so.1", "libpcap.so", "libpcap.dylib", "libpcap.A.dylib", "wpcap.dll")


class _Program(ctypes.Structure):
    """struct bpf_program"""

    _fields_ = (("length", ctypes.c_uint), ("instructions", ctypes.c_void_p))


def compile_expression(expression: str) -> bytes:
    """The program, an array of struct sock_filter; empty for an empty expression, which lets everything pass.

    Raises ValueError with libpcap's own words for an expression that is wrong, and CaptureError, with what helps, when
    there is nothing here that compiles one.
    """
    if not expression.strip():
        return b""
    if "\0" in expression:
        raise ValueError("a filter expression has no NUL in it")
    library = find_library()
    return _by_tcpdump(expression) if library is None else _by_libpcap(library, expression)


def find_library() -> ctypes.CDLL | None:
    """libpcap, where it is installed."""
    for name in _LIBRARIES:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None


def _by_libpcap(library: ctypes.CDLL, expression: str) -> bytes:
    library.pcap_open_dead.restype = ctypes.c_void_p
    library.pcap_geterr.restype = ctypes.c_char_p
    handle = ctypes.c_void_p(library.pcap_open_dead(_DLT_RAW, _SNAP_LENGTH))
    if not handle:
        raise CaptureError("libpcap does not work here")
    program = _Program()
    try:
        text = expression.encode()
        if library.pcap_compile(handle, ctypes.byref(program), text, 1, ctypes.c_uint(_NETMASK_UNKNOWN)):
            raise ValueError(_one_line((library.pcap_geterr(handle) or b"").decode(errors="replace")))
        compiled = ctypes.string_at(program.instructions, 8 * program.length) if program.instructions else b""
        library.pcap_freecode(ctypes.byref(program))
        return compiled
    finally:
        library.pcap_close(handle)


def _by_tcpdump(expression: str) -> bytes:
    try:
        done = subprocess.run(
            ["tcpdump", "-ddd", "-y", "RAW", "--", expression],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TCPDUMP_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        raise CaptureError("a filter expression needs libpcap (package libpcap0.8 or libpcap) or tcpdump") from None
    if done.returncode:
        raise ValueError(_one_line(done.stderr.splitlines()[-1] if done.stderr else "").removeprefix("tcpdump: "))
    return _from_numbers(done.stdout)


def _from_numbers(text: str) -> bytes:
    """What `tcpdump -ddd` prints: how many instructions, then four numbers for each."""
    lines = text.splitlines()[1:]
    return b"".join(struct.pack("=HBBI", *map(int, line.split())) for line in lines)


def _one_line(words: str) -> str:
    """What libpcap says, for a message."""
    return " ".join("".join(c if c.isprintable() else " " for c in words).split()) or "the filter expression is wrong"
