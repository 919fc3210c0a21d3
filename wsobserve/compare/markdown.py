"""A comparison in, Markdown out, as a comment on a pull request takes it: a verdict, a table, the rest folded away."""

from __future__ import annotations

import re

from wsobserve.compare.changes import Change, Comparison
from wsobserve.compare.text import breaks_words, change_words, summary

MOST_CHARACTERS = 60_000  # a comment on GitHub holds 65,536
SIGNS = {"breaking": "❌", "warning": "⚠️", "safe": "✅", "none": "📝"}

# Whatever could be markup, or call somebody by name. The words come from documents that anybody may have written.
_MARKUP = re.compile(r"([\\`*_{}\[\]<>()#+!|~@&-])")
_HEADING = "| | where | change | class | who breaks | certainty |\n|---|---|---|---|---|---|\n"


def comparison_markdown(comparison: Comparison) -> str:
    """The comparison as Markdown; what is too long for a comment is cut, and says so."""
    text = f"### Schema changes: {escaped(comparison.old)} → {escaped(comparison.new)}\n\n**{escaped(summary(comparison))}**\n"
    important = [change for change in comparison.changes if change.severity != "none"]
    words = [change for change in comparison.changes if change.severity == "none"]
    if important:
        text += f"\n{_HEADING}"
        text, left = _with_rows(text, important, MOST_CHARACTERS - (2_000 if words else 200))
        if left:
            text += f"\n{left} more changes are not shown.\n"
    if words:
        text += f"\n<details><summary>{len(words)} changes of documentation</summary>\n\n{_HEADING}"
        text, left = _with_rows(text, words, MOST_CHARACTERS)
        if left:
            text += f"\n{left} more are not shown.\n"
        text += "\n</details>\n"
    return text


def _with_rows(text: str, changes: list[Change], room: int) -> tuple[str, int]:
    """The text with a row for each change as long as there is room, and how many were left out."""
    rows: list[str] = []
    length = len(text)
    for index, change in enumerate(changes):
        row = _row(change)
        length += len(row)
        if length > room:
            return text + "".join(rows), len(changes) - index
        rows.append(row)
    return text + "".join(rows), 0


def _row(change: Change) -> str:
    words = escaped(change_words(change))
    if change.reason:
        words += f" ({escaped(change.reason)})"
    cells = (
        SIGNS[change.severity],
        escaped(change.path),
        words,
        change.compatibility,
        escaped(breaks_words(change)),
        change.certainty,
    )
    return f"| {' | '.join(cells)} |\n"


def escaped(text: str) -> str:
    """Text that Markdown shows as it is. A zero-width space behind `@` keeps it from calling a person."""
    return _MARKUP.sub(r"\\\1", text).replace("\\@", "@\u200b").replace("\n", " ")
