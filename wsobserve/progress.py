"""How far reading has come, shown to people on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[int, int | None], None]  # bytes of the files read so far, and their total where it is known


@contextmanager
def progress_bar(wanted: bool) -> Iterator[Progress | None]:
    """A progress bar on standard error, over the bytes of the files."""
    if not wanted:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(file=sys.stderr)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("analysing", total=None)

        def show(bytes_read: int, total: int | None) -> None:
            bar.update(task, completed=bytes_read, total=total)

        yield show
