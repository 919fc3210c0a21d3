"""`wsobserve schema diff`: what changed between two sides, how bad it is, and for whom."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Literal

import click

from wsobserve import options
from wsobserve.commands.running import Failure, failures_as_lines
from wsobserve.records import CLIENT_TO_SERVER, SERVER_TO_CLIENT

if TYPE_CHECKING:
    from wsobserve.compare.changes import Comparison
    from wsobserve.records import Direction

FAILED = 3  # exit status: there is a change of the kind that --fail-on names

SIDES_HELP = """
A (older) and B (newer): a capture, a JSON Schema file or a directory of them, an AsyncAPI 2.x or 3.x document (JSON or
YAML), or a store (obs.db, or its URL), also one that is being written; of a store @RUN chooses the run: obs.db@3,
obs.db@latest (the default).

Exit status: 0 no change worth failing, 1 a side cannot be read, 2 wrong usage, 3 a change that --fail-on names.
"""


@click.command("diff", epilog=SIDES_HELP)
@click.argument("old", metavar="A")
@click.argument("new", metavar="B")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="How to say it.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["breaking", "any", "none"]),
    default="none",
    show_default=True,
    help="Exit with status 3 when a change breaks clients, or when any allows other messages than before.",
)
@click.option(
    "--direction",
    type=click.Choice([CLIENT_TO_SERVER, SERVER_TO_CLIENT]),
    help="Only messages in this direction; schemas that do not say theirs are taken to be of it.",
)
@options.channel
@options.workers
def schema_diff(
    old: str,
    new: str,
    form: Literal["text", "json", "markdown"],
    fail_on: Literal["breaking", "any", "none"],
    direction: Direction | None,
    channel: str | None,
    workers: int | None,
) -> None:
    """Compare the schemas of A with those of B: every change with its class, who breaks, and how certain it is.

    `widening` breaks who reads by the old schema, `narrowing` who writes by it, `incompatible` both; `breaking` are those
    that break clients. See docs/schema-diff.md.
    """
    if old == new == "-":
        raise click.UsageError("standard input can be read only once")
    with failures_as_lines():
        comparison = _compared(old, new, channel, direction, workers)
    _write(comparison, form)
    sys.stdout.flush()
    if _fails(comparison, fail_on):
        raise click.exceptions.Exit(FAILED)


def _compared(old: str, new: str, channel: str | None, direction: Direction | None, workers: int | None) -> Comparison:
    from wsobserve.commands.diff_inputs import described
    from wsobserve.compare.described import only
    from wsobserve.compare.documents import compare

    sides = [only(described(name, workers), channel, direction) for name in (old, new)]
    if channel is not None and not any(side.channels for side in sides):
        raise Failure(f"neither side has a channel {channel!a}")
    return compare(*sides)


def _fails(comparison: Comparison, fail_on: Literal["breaking", "any", "none"]) -> bool:
    if fail_on == "any":
        return any(change.severity != "none" for change in comparison.changes)
    return fail_on == "breaking" and comparison.severity == "breaking"


def _write(comparison: Comparison, form: Literal["text", "json", "markdown"]) -> None:
    from wsobserve.compare.markdown import comparison_markdown
    from wsobserve.compare.text import comparison_lines, comparison_values

    match form:
        case "json":
            text = json.dumps(comparison_values(comparison), indent=2, ensure_ascii=False) + "\n"
            sys.stdout.write(text.encode("utf-8", "backslashreplace").decode())  # a lone surrogate, as JSON escapes it
        case "markdown":
            sys.stdout.write(comparison_markdown(comparison))
        case "text":
            sys.stdout.write("\n".join(comparison_lines(comparison)) + "\n")
