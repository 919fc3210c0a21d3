"""Kinds of message in, one HTML page out that needs nothing else: no network, no script; light and dark, wide and narrow.

Every text of other people goes through `html.escape`; nothing of theirs is markup, a style or an address.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from wsobserve.publish.documents import Noted, directions_of, document_text
from wsobserve.publish.html_style import STYLE
from wsobserve.publish.reference import ChannelPart, KindTable, Reference, Row, SharedTable, Word, anchor, reference
from wsobserve.publish.sentences import counted, direction_words, kind_facts, summary_sentences
from wsobserve.records import MessageKind

COLUMNS = ("Field", "Type", "Present", "About", "Seen")


def html_text(kinds: Iterable[MessageKind], notes: Mapping[str, Noted] | None = None, title: str = "WebSocket messages") -> str:
    """The text of the page."""
    found = reference(kinds, notes)
    told = summary_sentences([table.kind for part in found.channels for table in part.kinds])
    body = [
        f"<header><h1>{_text(title)}</h1><p>{_text(told)}</p></header>",
        '<div class="page">',
        *_contents(found),
        "<main>",
        *(line for part in found.channels for line in _channel(part)),
        *_shared(found.shared),
        "</main></div>",
    ]
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
            # Nothing may be loaded or run, whatever the page should hold.
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            '<meta name="color-scheme" content="light dark">',
            f"<title>{_text(title)}</title>",
            f"<style>{STYLE}</style></head>",
            "<body>",
            *body,
            "</body></html>",
            "",
        ]
    )


def _contents(found: Reference) -> list[str]:
    lines = ['<nav aria-label="Contents"><details open><summary>Contents</summary>', "<ul>"]
    for part in found.channels:
        lines.append(f'<li><a class="channel" href="#{_channel_anchor(part)}">{_text(part.title)}</a><ul>')
        for table in part.kinds:
            arrow = _arrow(table.kind)
            lines.append(
                f'<li><a href="#{anchor(table.kind.id)}"><span class="arrow">{arrow}</span>{_name(table.kind)}</a></li>'
            )
        lines.append("</ul></li>")
    if found.shared:
        lines.append('<li><a class="channel" href="#shared-structures">Shared structures</a><ul>')
        lines += [f'<li><a href="#{anchor(each.name)}">{_text(each.name)}</a></li>' for each in found.shared]
        lines.append("</ul></li>")
    return [*lines, "</ul></details></nav>"]


def _channel_anchor(part: ChannelPart) -> str:
    return anchor(part.channel, "channel")


def _arrow(kind: MessageKind) -> str:
    """To the server, from it, or both."""
    seen = set(directions_of(kind))
    if seen == {"client_to_server"}:
        return '<span title="client to server">&uarr;</span>'
    if seen == {"server_to_client"}:
        return '<span title="server to client">&darr;</span>'
    return '<span title="both directions">&varr;</span>' if seen else '<span title="direction unknown">&middot;</span>'


def _name(kind: MessageKind) -> str:
    return _text(kind.name) if kind.name else "<em>no name</em>"


def _channel(part: ChannelPart) -> list[str]:
    path = "" if part.title == part.channel else f" <code>{_text(part.channel)}</code>"
    lines = [f'<section id="{_channel_anchor(part)}"><h2>{_text(part.title)}{path}</h2>']
    total = sum(table.kind.messages for table in part.kinds)
    lines.append(f'<p class="note">{counted(len(part.kinds), "kind")}, {counted(total, "message")}</p>')
    lines += [f"<p>{_text(part.description)}</p>"] if part.description else []
    for table in part.kinds:
        lines += _kind(table, total)
    return [*lines, "</section>"]


def _kind(table: KindTable, total: int) -> list[str]:
    kind = table.kind
    badge = f'<span class="badge">{_arrow(kind)} {_text(direction_words(kind))}</span>'
    badge += '<span class="badge warning">deprecated</span>' if table.deprecated else ""
    place = anchor(kind.id)
    lines = [
        f'<article id="{place}"><h3><a class="self" href="#{place}">{_name(kind)}</a> {badge}</h3>',
        f'<p class="note">{"; ".join(kind_facts(kind, total, _code, with_direction=False))}</p>',
    ]
    lines += [f"<p>{_text(table.description)}</p>"] if table.description else []
    lines += _table(table.rows)
    schema = _text(document_text(table.schema))
    return [*lines, f"<details><summary>JSON Schema</summary><pre>{schema}</pre></details>", "</article>"]


def _shared(shared: Iterable[SharedTable]) -> list[str]:
    lines: list[str] = []
    for each in shared:
        place = anchor(each.name)
        seen = "" if each.count is None else f'<p class="note">seen {counted(each.count, "time")}</p>'
        lines.append(f'<article id="{place}"><h3><a class="self" href="#{place}">{_text(each.name)}</a></h3>{seen}')
        lines += [*_table(each.rows), "</article>"]
    return ['<section id="shared-structures"><h2>Shared structures</h2>', *lines, "</section>"] if lines else []


def _table(rows: Iterable[Row]) -> list[str]:
    cells = [_row(row) for row in rows]
    if not cells:
        return ['<p class="note">No fields.</p>']
    heading = "".join(f"<th scope=col>{column}</th>" for column in COLUMNS)
    return [f'<div class="table"><table><thead><tr>{heading}</tr></thead><tbody>', *cells, "</tbody></table></div>"]


def _row(row: Row) -> str:
    indent = f' style="--depth:{row.depth}"' if row.depth else ""
    path = _text(row.path).replace(".", ".<wbr>")
    name = f"<code>{path}</code>" if row.path else "<em>the message</em>"
    kind = "".join(map(_word, row.type))
    if row.is_form:
        return f'<tr class="form"><td class="field"{indent}>{name}</td><td colspan="4">{kind}</td></tr>'
    about = [_text(row.description)] if row.description else []
    about += [f'<span class="facts">{", ".join(map(_word, row.facts))}</span>'] if row.facts else []
    warning = '<span class="badge warning">deprecated</span> ' if row.deprecated else ""
    seen = "" if row.count is None else f"{row.count:,}"
    presence = f'<span class="always">{row.presence}</span>' if row.presence == "always" else _text(row.presence)
    values = (kind, presence, warning + " &middot; ".join(about), seen)
    columns = "".join(
        f'<td data-column="{column}"{" class=number" if column == "Seen" else ""}>{value}</td>'
        for column, value in zip(COLUMNS[1:], values, strict=True)
    )
    return f'<tr><td class="field"{indent}>{name}</td>{columns}</tr>'


def _word(word: Word) -> str:
    if word.target is not None:
        return f'<a href="#{anchor(word.target)}">{_text(word.text)}</a>'
    return _code(word.text) if word.code else _text(word.text)


def _code(text: str) -> str:
    return f"<code>{_text(text)}</code>"


def _text(text: str) -> str:
    """Text as it is seen; a character that is not, as its code."""
    shown = "".join(
        character if character.isprintable() or character == "\n" else f"\\x{ord(character):02x}" for character in text
    )
    return escape(shown)
