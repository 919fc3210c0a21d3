"""Each new status of the outlet, shown to whoever wants to see it: health endpoint, view, log."""

from __future__ import annotations

import socket

from wsobserve.sidecar.health import HealthEndpoint
from wsobserve.sidecar.log import Log
from wsobserve.sidecar.settings import Settings
from wsobserve.sidecar.status import Status
from wsobserve.sidecar.status_text import StatusLog


class Showing:
    """Made in the outlet process, since it has threads. `listener`: the health endpoint's; None: there is none."""

    def __init__(self, settings: Settings, listener: socket.socket | None, log: Log) -> None:
        self._latest: Status | None = None
        # With a view, lines for the log wait in the process that has the terminal.
        self._log = None if settings.ui else StatusLog(log)
        self._endpoint = None if listener is None else HealthEndpoint(listener, lambda: self._latest)
        self._view = None
        if self._endpoint is not None:
            self._endpoint.start()
        if settings.ui:
            from wsobserve.sidecar.view import View

            self._view = View()

    def update(self, status: Status) -> None:
        """This is how it is now. Never waits for anybody who looks at it."""
        self._latest = status
        if self._view is not None:
            self._view.update(status)
        if self._log is not None:
            self._log.update(status)

    def close(self) -> None:
        """Nothing more is shown. Bounded."""
        if self._view is not None:
            self._view.close()
        if self._endpoint is not None:
            self._endpoint.close()
