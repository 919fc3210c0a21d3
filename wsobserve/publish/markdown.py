"""Kinds of message in, a reference in Markdown out: channels, kinds and their fields as tables.

Names and values of other people stand in code spans; in their descriptions every sign of Markdown is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from wsobserve.publish.documents import Noted
from wsobserve.publish.reference import ChannelPart, KindTable, Row, Word, anchor, reference
from wsobserve.publish.sentences import counted, kind_facts, summary_sentences
from wsobserve.records import MessageKind

SIGNS = re.compile(r"([\\`*_{}\[\]<>#|~&$!])")
HEADING = ("field", "type", "present", "about", "seen")


def markdown_text(
    kinds: Iterable[MessageKind], notes: Mapping[str, Noted] | None = None, title: str = "WebSocket messages"
) -> str:
    """The text of the page."""
    found = reference(kinds, notes)
    told = summary_sentences([table.kind for part in found.channels for table in part.kinds])
    lines = [f"# {plain(title)}", "", told, ""]
    for part in found.channels:
        title = "" if part.title == part.channel else f" {plain(part.title)}"
        lines += [f"- [{code(part.channel)}](#{_place(part)}){title}: {counted(len(part.kinds), 'kind')}"]
    for part in found.channels:
        lines += ["", *_channel(part)]
    if found.shared:
        lines += ["", "## Shared structures"]
    for shared in found.shared:
        lines += ["", f'### <a id="{anchor(shared.name)}"></a>{plain(shared.name)}', "", *_table(shared.rows)]
    return "\n".join(lines) + "\n"


def _place(part: ChannelPart) -> str:
    return anchor(part.channel, "channel")


def _channel(part: ChannelPart) -> list[str]:
    heading = code(part.channel) if part.title == part.channel else f"{plain(part.title)} {code(part.channel)}"
    lines = [f'## <a id="{_place(part)}"></a>{heading}']
    lines += ["", plain(part.description)] if part.description else []
    total = sum(table.kind.messages for table in part.kinds)
    for table in part.kinds:
        lines += ["", *_kind(table, total)]
    return lines


def _kind(table: KindTable, total: int) -> list[str]:
    kind = table.kind
    lines = [f'### <a id="{anchor(kind.id)}"></a>{code(kind.name) if kind.name else "(no name)"}', ""]
    if table.deprecated:
        lines += ["**Deprecated.**", ""]
    lines += [plain(table.description), ""] if table.description else []
    return [*lines, "; ".join(kind_facts(kind, total, code)) + ".", "", *_table(table.rows)]


def _table(rows: Iterable[Row]) -> list[str]:
    lines = [f"| {' | '.join(HEADING)} |", f"|{'---|' * 4}---:|"]
    for row in rows:
        about = "; ".join(part for part in (plain(row.description), ", ".join(map(_word, row.facts))) if part)
        about = f"**deprecated**{'; ' if about else ''}{about}" if row.deprecated else about
        seen = "" if row.count is None else f"{row.count:,}"
        name = code(row.path) if row.path else "(the message)"
        kind = "".join(map(_word, row.type))
        cells = (name, f"*{kind}*" if row.is_form else kind, row.presence, about, seen)
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _word(word: Word) -> str:
    if word.target is not None:
        return f"[{plain(word.text)}](#{anchor(word.target)})"
    return code(word.text) if word.code else SIGNS.sub(r"\\\1", _visible(word.text))


def plain(text: str) -> str:
    """Text in which no sign means anything to Markdown."""
    return SIGNS.sub(r"\\\1", _visible(" ".join(text.split())))


def code(text: str) -> str:
    """A code span, which also stands in a table."""
    shown = _visible(text).replace("|", "\\|") or " "
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {shown} {fence}" if longest else f"{fence}{shown}{fence}"


def _visible(text: str) -> str:
    return "".join(character if character.isprintable() else f"\\x{ord(character):02x}" for character in text)
