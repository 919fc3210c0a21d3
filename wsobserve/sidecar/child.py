"""Processes forked off the parent, which has no threads: that is what makes forking safe at any time."""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence

from wsobserve.sidecar.pipe import Pipe, pipes

OWN_FAULT = 70  # EX_SOFTWARE: a bug of ours


class Child:
    """A process that runs `work`, and the parent's end of the pipe to it."""

    def __init__(self, work: Callable[[Pipe], None], close: Callable[[], None] = lambda: None) -> None:
        """`close`: the child does away with what it got from its parent and is not its own, pipes to others above all."""
        self._status: int | None = None
        self.pipe, theirs = pipes()
        parent = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        gc.freeze()  # what is there now is shared with the parent, as long as nobody writes to it
        self.process = os.fork()
        gc.unfreeze()
        if self.process == 0:
            _live(work, theirs, self.pipe, parent, close)
        theirs.close()

    def ended(self) -> int | None:
        """Its exit status, negative for a signal; None while it lives. Asked again, the same."""
        if self._status is None:
            process, status = os.waitpid(self.process, os.WNOHANG)
            if process:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status

    def kill(self) -> None:
        """End it now."""
        if self.ended() is None:
            os.kill(self.process, signal.SIGKILL)


def wait_for(children: Sequence[Child], seconds: float) -> None:
    """Until they have ended, at most so long."""
    until = time.monotonic() + seconds
    while any(child.ended() is None for child in children) and time.monotonic() < until:
        time.sleep(0.01)


def _live(work: Callable[[Pipe], None], pipe: Pipe, other_end: Pipe, parent: int, close: Callable[[], None]) -> None:
    """The life of the child; never returns."""
    status = OWN_FAULT
    try:
        gc.unfreeze()
        # Whether to stop is the parent's to say. A terminal sends its Ctrl-C to all of us, systemd its SIGTERM.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        signal.set_wakeup_fd(-1)
        other_end.close()
        close()
        if os.getppid() == parent:  # else it has ended meanwhile, and nobody will tell us
            work(pipe)
        status = 0
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else OWN_FAULT
    except BaseException:  # noqa: BLE001  # the top of a process
        _tell_fault()
    finally:
        os._exit(status)


def _tell_fault() -> None:
    """Where our bug is, without what it was about: the text of an exception may hold somebody's payload."""
    kind, _, trace = sys.exc_info()
    where = "".join(traceback.format_tb(trace))
    sys.stderr.write(f"wsobserve: a bug of ours ended a process: {kind.__name__ if kind else ''}\n{where}")
    sys.stderr.flush()
