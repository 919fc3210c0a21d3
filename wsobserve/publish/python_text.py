"""Python expressions as trees in, source text out, in lines broken where a formatter would break them.

Text of other people (names of fields, constants, descriptions) comes out as literals and comments that hold nothing else.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from wsobserve.records import Record

WIDTH = 88


class Call(Record, frozen=True):
    """`head(arguments)`, or with brackets `head[arguments]`."""

    head: str
    arguments: tuple[Expression, ...]
    brackets: str = "[]"


class Either(Record, frozen=True):
    """`a | b | c`."""

    options: tuple[Expression, ...]


Expression = str | Call | Either


def flat(expression: Expression) -> str:
    """On one line."""
    match expression:
        case Call(head=head, arguments=arguments, brackets=brackets):
            return f"{head}{brackets[0]}{', '.join(map(flat, arguments))}{brackets[1]}"
        case Either(options=options):
            return " | ".join(map(flat, options))
    return expression


def laid_out(before: str, expression: Expression, after: str = "") -> list[str]:
    """`before`, expression and `after`, on one line where they fit; `before` may begin with its indentation."""
    whole = before + flat(expression) + after
    if len(whole) <= WIDTH or isinstance(expression, str):
        return [whole]
    indent = before[: len(before) - len(before.lstrip())]
    opened = whole.removesuffix("None") + "("
    if after == " = None" and len(opened) <= WIDTH:  # a formatter breaks the value before it breaks the annotation
        return [opened, f"{indent}    None", f"{indent})"]
    if isinstance(expression, Either):
        joined = f"{indent}    {flat(expression)}"
        if len(joined) <= WIDTH:
            return [f"{before}(", joined, f"{indent}){after}"]
        return [*_options(f"{before}(", expression, indent), f"{indent}){after}"]
    return [
        f"{before}{expression.head}{expression.brackets[0]}",
        *_inside(expression.arguments, indent + "    "),
        f"{indent}{expression.brackets[1]}{after}",
    ]


def _options(first: str, expression: Either, indent: str) -> list[str]:
    lines = [first]
    for index, option in enumerate(expression.options):
        lines += laid_out(f"{indent}    {'| ' if index else ''}", option)
    return lines


def _inside(arguments: Sequence[Expression], indent: str) -> list[str]:
    joined = indent + ", ".join(map(flat, arguments))
    if len(joined) <= WIDTH:
        return [joined]
    if len(arguments) == 1:
        only = arguments[0]
        if isinstance(only, Either):
            return _options("", only, indent[:-4])[1:]
        return laid_out(indent, only)
    lines = []
    for argument in arguments:
        if isinstance(argument, Either) and len(indent + flat(argument)) >= WIDTH:
            options = _options("", argument, indent[:-4])[1:]
            lines += [*options[:-1], options[-1] + ","]
        else:
            lines += laid_out(indent, argument, ",")
    return lines


def literal(value: object) -> str:
    """A constant of JSON as Python; quotes as a formatter would choose them."""
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_quoted(str(key))}: {literal(inner)}" for key, inner in value.items()) + "}"
    return repr(value)


def _quoted(text: str) -> str:
    quote = "'" if text.count('"') > text.count("'") else '"'
    made = "".join(_escaped(character, quote) for character in text)
    return f"{quote}{made}{quote}"


ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _escaped(character: str, quote: str) -> str:
    if character == quote:
        return "\\" + quote
    if character in ESCAPES:
        return ESCAPES[character]
    if "\ud800" <= character <= "\udfff":
        return "\\ufffd"  # half a surrogate pair: pydantic cannot hold one, and no JSON text in UTF-8 has one
    return character if character.isprintable() else repr(character)[1:-1]


def docstring(text: str, indent: str = "") -> list[str]:
    """A docstring of one or more lines."""
    words = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    safe = words.replace("\\", "\\\\")
    if '"""' in safe or safe.endswith('"'):
        safe = safe.replace('"', '\\"')
    lines = textwrap.wrap(safe, WIDTH - len(indent) - 6, break_long_words=False, break_on_hyphens=False) or [""]
    if len(lines) == 1:
        return [f'{indent}"""{lines[0]}"""']
    return [f'{indent}"""{lines[0]}', *(indent + line for line in lines[1:]), f'{indent}"""']
