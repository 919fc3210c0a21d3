"""Where a sidecar answers questions about itself: `127.0.0.1:9464`, `[::1]:9464`, `unix:/run/wsobserve.sock`, `off`."""

from __future__ import annotations

import re
from typing import NamedTuple

OFF = "off"
_TCP = re.compile(r"(?:\[([0-9A-Fa-f:.%\w]+)\]|([^\[\]:/\s]+)):([0-9]{1,5})")
UNIX_LENGTH = 107  # bytes of a path that sun_path holds


class Address(NamedTuple):
    """Of TCP, or of a Unix socket: then there is a `path`, and nothing else."""

    host: str = ""
    port: int = 0
    path: str = ""

    @property
    def is_local(self) -> bool:
        """Whether only this machine (or network namespace) can reach it."""
        import ipaddress

        try:
            return bool(self.path) or self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False  # a name may mean anything


def parse_address(text: str) -> Address | None:
    """None: `off`. Raises ValueError for what is no address."""
    if text == OFF:
        return None
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        if not path.startswith("/") or len(path.encode()) > UNIX_LENGTH:
            raise ValueError(text)
        return Address(path=path)
    match = _TCP.fullmatch(text)
    if match is None or not int(match[3]) <= 65535:
        raise ValueError(text)
    return Address(match[1] or match[2], int(match[3]))
