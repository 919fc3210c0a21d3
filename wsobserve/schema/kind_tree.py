"""How the kinds at one place are told apart: a tree of questions about a value, with a kind at each of its leaves."""

from __future__ import annotations

from typing import NamedTuple

Path = tuple[str | int, ...]
Token = tuple[str, str | int | None]  # ("value", constant) or ("type", code); code -1: not there

NULL, BOOLEAN, NUMBER, STRING, OBJECT, ARRAY = range(6)
ABSENT = -1
DIRECTION: Path = (-1,)  # where the direction of the message stands, which is none of its values
CODES: dict[type, int] = {
    type(None): NULL,
    bool: BOOLEAN,
    int: NUMBER,
    float: NUMBER,
    str: STRING,
    dict: OBJECT,
    list: ARRAY,
    tuple: ARRAY,
}
LONGEST_CONSTANT = 64  # characters of a text that may tell kinds apart


class Split(NamedTuple):
    """Where values are told apart. `children`: by what stands there; `constant`: whether by its value, or only by its type."""

    path: Path
    constant: bool
    children: dict[Token, Split | Leaf]


class Leaf(NamedTuple):
    """One kind. `number`: of the list of leaves; `conditions`: what leads to it, the outermost first."""

    number: int
    conditions: tuple[tuple[Path, Token], ...]


Tree = Split | Leaf


def coarse_type(code: int) -> int:
    """The types that tell kinds apart: containers, and all scalars alike."""
    return code if code in (ABSENT, NULL, OBJECT, ARRAY) else STRING


def leaves_of(tree: Tree) -> list[Leaf]:
    """The leaves of a tree, by their numbers."""
    found: dict[int, Leaf] = {}
    waiting: list[Tree] = [tree]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Leaf):
            found[each.number] = each
        else:
            waiting.extend(each.children.values())
    return [found[number] for number in sorted(found)]


def leaf_of(tree: Tree, value: object, direction: str = "") -> Leaf | None:
    """The kind to which a value belongs; None when what tells kinds apart has a value that was not seen there."""
    found, _ = followed(tree, value, direction)
    return found if isinstance(found, Leaf) else None


def followed(tree: Tree, value: object, direction: str = "") -> tuple[Tree, Token]:
    """As far as a value leads: to its kind, or to where it has something that was not seen there, and what that is."""
    token: Token = ("type", ABSENT)
    while isinstance(tree, Split):
        if tree.path == DIRECTION:
            token = ("value", direction)
        else:
            inner, there = value, True
            for key in tree.path:
                if isinstance(inner, dict):
                    there = isinstance(key, str) and key in inner
                else:
                    there = isinstance(inner, (list, tuple)) and isinstance(key, int) and key < len(inner)
                if not there:
                    break
                inner = inner[key]  # type: ignore[index]  # one of the two, with its key
            token = _token_of(inner, there, tree.constant)
        following = tree.children.get(token)
        if following is None:
            break
        tree = following
    return tree, token


def _token_of(value: object, there: bool, constant: bool) -> Token:
    if not there:
        return "type", ABSENT
    if constant and ((type(value) is str and 0 < len(value) <= LONGEST_CONSTANT) or type(value) is int):
        return "value", value
    code = CODES.get(type(value), STRING)
    return "type", (code if constant else coarse_type(code))
