"""Python source as a formatter would leave it, in which other people's text is nothing but text."""

from __future__ import annotations

import ast
import subprocess
import sys

from hypothesis import given, settings
from hypothesis import strategies as st

from wsobserve.publish.python_text import Call, Either, Expression, docstring, flat, laid_out, literal

NAMES: st.SearchStrategy[Expression] = st.integers(1, 40).map(lambda length: "T" * length)
EXPRESSIONS: st.SearchStrategy[Expression] = st.recursive(
    NAMES,
    lambda inner: (
        st.builds(lambda parts: Call("Annotated", tuple(parts)), st.lists(inner, min_size=1, max_size=4))
        | st.builds(lambda parts: Either(tuple(parts)), st.lists(NAMES, min_size=2, max_size=5))
    ),
    max_leaves=12,
)


def test_what_fits_stays_on_one_line() -> None:
    assert flat(Call("dict", ("str", Either(("int", "None"))))) == "dict[str, int | None]"
    assert laid_out("x: ", Call("Field", ("ge=1",), "()"), " = 1") == ["x: Field(ge=1) = 1"]


def test_what_does_not_fit_is_broken_at_its_brackets() -> None:
    long = Call("Annotated", ("A" * 50, "B" * 40))
    lines = ["    x: Annotated[", f"        {'A' * 50},", f"        {'B' * 40},", "    ] = None"]
    assert laid_out("    x: ", long, " = None") == lines
    union = Either(("A" * 50, "B" * 40))
    assert laid_out("X = ", union) == ["X = (", f"    {'A' * 50}", f"    | {'B' * 40}", ")"]


@settings(max_examples=15, deadline=None)
@given(st.lists(EXPRESSIONS, min_size=20, max_size=40))
def test_a_formatter_changes_nothing(expressions: list[Expression]) -> None:
    lines = [line for number, each in enumerate(expressions) for line in laid_out(f"x{number} = ", each)]
    calls = [each if isinstance(each, Call) else Call("list", (each,)) for each in expressions]
    lines += ["", "", "class A:"]
    lines += [line for number, each in enumerate(calls) for line in laid_out(f"    x{number}: ", each, " = None")]
    text = "\n".join(lines) + "\n"
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "-"]
    assert subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout == text


NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(codec="utf-8"))
JSON: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_a_literal_is_its_value_on_one_line(value: object) -> None:
    text = literal(value)
    assert ast.literal_eval(text) == value
    assert len(text.splitlines()) == 1


def test_quotes_are_chosen_as_a_formatter_does() -> None:
    assert literal('a"b') == "'a\"b'"
    assert literal("a'b") == '"a\'b"'
    assert literal("\ud800\u2028\x00") == '"\\ufffd\\u2028\\x00"'


@given(st.text(max_size=300))
def test_a_docstring_holds_words_and_nothing_else(text: str) -> None:
    source = "\n".join(["class A:", *docstring(text, "    "), "    pass", ""]).encode("utf-8", "replace").decode()
    (body,) = ast.parse(source).body
    assert isinstance(body, ast.ClassDef)
    assert [type(part) for part in body.body] == [ast.Expr, ast.Pass]


def test_a_long_docstring_has_lines() -> None:
    lines = docstring("word " * 40, "    ")
    assert all(len(line) <= 88 for line in lines)
    assert (lines[0][:9], lines[-1]) == ('    """wo', '    """')
