"""`wsobserve status`: a running sidecar asked what it does, once or again and again."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import click

from wsobserve.commands.running import failures_as_lines, say

if TYPE_CHECKING:
    from wsobserve.sidecar.status import Status

ADDRESS = "127.0.0.1:9464"
EVERY_S = 1.0

EPILOG = """Exit status: 0, it answers and is healthy; 1, it does not answer, or is not healthy; 2, wrong usage.
So it does for a health check: `wsobserve status --json`."""


@click.command(epilog=EPILOG)
@click.option(
    "--address",
    envvar="WSOBSERVE_HEALTH",
    show_envvar=True,
    default=ADDRESS,
    show_default=True,
    help="Its health endpoint: host:port, or unix:/path.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the status as one JSON object.")
@click.option("--watch", is_flag=True, help="Ask every second, until Ctrl-C.")
def status(address: str, as_json: bool, watch: bool) -> None:
    """Ask a running `wsobserve attach` how it is: rates, loss, memory, exporters, channels."""
    from wsobserve.sidecar.asking import ask_status

    with failures_as_lines():
        found = ask_status(address)
        if watch:
            found = _watch(address, found, as_json)
        else:
            _print(found, as_json)
    if not found.healthy:
        raise click.exceptions.Exit(1)


def _print(found: Status, as_json: bool) -> None:
    import msgspec

    from wsobserve.sidecar.status_text import status_lines

    print(msgspec.json.encode(found).decode() if as_json else "\n".join(status_lines(found)), flush=True)


def _watch(address: str, found: Status, as_json: bool) -> Status:
    """Show it again and again; the last one found. ExportError when it is no longer there."""
    from wsobserve.sidecar.asking import ask_status

    view = None
    if not as_json:
        if sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb":
            from wsobserve.sidecar.view import View

            view = View()
        else:
            say("standard output is no terminal: one page a second")
    try:
        while True:
            if view is None:
                _print(found, as_json)
            else:
                view.update(found)
            time.sleep(EVERY_S)
            found = ask_status(address)
    except KeyboardInterrupt:
        return found
    finally:
        if view is not None:
            view.close()
