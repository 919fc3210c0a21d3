"""Objects from process to process, over a pair of sockets on which nobody ever waits for the other side.

What does not leave at once waits here, and whoever has something less urgent to send can see that (`is_idle`). The other
side is one of our own processes, so objects travel as pickles.
"""

from __future__ import annotations

import pickle
import socket
import struct

LENGTH = struct.Struct("<Q")
RECEIVE_AT_ONCE = 1 << 20


class Pipe:
    """One end. `closed`: the other side is gone; what is sent then goes nowhere."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        end.setblocking(False)
        self._out = bytearray()
        self._in = bytearray()
        self.closed = False

    def fileno(self) -> int:
        """For whoever waits until something comes."""
        return self._socket.fileno()

    @property
    def is_idle(self) -> bool:
        """Whether everything that was sent has left."""
        return not self._out

    @property
    def waiting_bytes(self) -> int:
        """How much of what was sent has not left."""
        return len(self._out)

    def send(self, item: object) -> None:
        """Send, or let it wait."""
        self.send_packed(pickle.dumps(item, pickle.HIGHEST_PROTOCOL))

    def send_packed(self, packed: bytes) -> None:
        """The same for what another pipe `received_packed`."""
        self._out += LENGTH.pack(len(packed))
        self._out += packed
        self.flush()

    def flush(self) -> None:
        """As much as the other side takes now of what waits."""
        while self._out:
            try:
                del self._out[: self._socket.send(self._out)]
            except BlockingIOError:
                return
            except OSError:  # nobody is there; what they sent before may still be on its way to us
                self._out.clear()

    def received(self) -> list[object]:
        """What has come since."""
        return [pickle.loads(packed) for packed in self.received_packed()]

    def received_packed(self) -> list[bytes]:
        """The same, to be passed on as it is."""
        while not self.closed:
            try:
                data = self._socket.recv(RECEIVE_AT_ONCE)
            except BlockingIOError:
                break
            except OSError:
                data = b""
            if not data:
                self.closed = True
            self._in += data
        found = []
        position = 0
        while len(self._in) - position >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._in, position)
            end = position + LENGTH.size + length
            if len(self._in) < end:
                break
            found.append(bytes(self._in[position + LENGTH.size : end]))
            position = end
        del self._in[:position]
        return found

    def close(self) -> None:
        """Nothing more goes either way."""
        self.closed = True
        self._socket.close()


def pipes() -> tuple[Pipe, Pipe]:
    """Both ends of a new one."""
    ours, theirs = socket.socketpair()
    return Pipe(ours), Pipe(theirs)
