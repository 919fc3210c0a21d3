"""Which ports carry WebSockets, when none were given, and when the kernel's filter may be narrowed to them.

In: the server ports of connections that were recognised, and how much other traffic was looked at in vain. Out: the
filter program to install. As long as it is not narrow, everything passes, so connections that were open before are
found by their frames. Once it is, on other ports only what opens or ends a connection and what looks like an opening
handshake passes (see `discovery_filter`): a new port is found by its first handshake, but a connection that was open
there before and has said nothing yet is not, nor one that begins over HTTP/2 or TLS. What does not pass is not captured
by choice: it is neither seen nor lost.
"""

from __future__ import annotations

from wsobserve.capture.filter import MAXIMUM_PORTS, discovery_filter, packet_filter

AFTER_S = 60.0  # long enough that most of what is open has said something
AFTER_BYTES = 256 * 1024 * 1024  # of foreign traffic: on a busy host sooner
AT_LEAST_S = 5.0  # however busy the host is


class PortFinder:
    """Decides on the filter of a capture without ports; `expression`: a program of `compile_expression` to keep beside.

    Nothing is narrowed before the first port has been found and `after_s` seconds have gone by, or `after_bytes` of
    foreign traffic. Times are those of any clock that only goes forward.
    """

    def __init__(
        self, now_s: float, *, expression: bytes = b"", after_s: float = AFTER_S, after_bytes: int = AFTER_BYTES
    ) -> None:
        self._began_s = now_s
        self._expression = expression
        self._after_s = after_s
        self._after_bytes = after_bytes
        self._foreign_bytes = 0
        self._found: set[int] = set()
        self._installed: frozenset[int] | None = None  # the ports that the filter was narrowed to; None: it is not

    @property
    def ports(self) -> tuple[int, ...]:
        """Those that were found."""
        return tuple(sorted(self._found))

    @property
    def narrow(self) -> bool:
        """Whether only found ports, and handshakes on others, come in: by the program that was given out last."""
        return self._installed is not None

    def found(self, port: int) -> None:
        """A WebSocket connection was recognised on this server port; its request is enough."""
        if 0 < port < 65536:
            self._found.add(port)

    def foreign(self, length: int) -> None:
        """So many bytes were captured that belong to no WebSocket connection."""
        self._foreign_bytes += length

    def program(self, now_s: float) -> bytes | None:
        """The program to install now; None: the one that is there is right. At first there is `packet_filter([])`."""
        if len(self._found) > MAXIMUM_PORTS:  # more than a filter can hold, so everything
            if self._installed is None:
                return None
            self._installed = None
            return packet_filter([], self._expression)
        found = frozenset(self._found)
        if not found or found == self._installed or (self._installed is None and not self._is_time(now_s)):
            return None
        self._installed = found
        return discovery_filter(self.ports, self._expression)

    def _is_time(self, now_s: float) -> bool:
        passed_s = now_s - self._began_s
        busy = self._foreign_bytes >= self._after_bytes and passed_s >= min(AT_LEAST_S, self._after_s)
        return busy or passed_s >= self._after_s
