"""A comparison as a comment on a pull request: a table that holds whatever a document says."""

from __future__ import annotations

from tests.compare.test_documents import kind, record, side
from tests.compare.test_text import sides
from wsobserve.compare.documents import compare
from wsobserve.compare.markdown import MOST_CHARACTERS, comparison_markdown, escaped


def test_breaking_changes_stand_in_a_table_and_words_are_folded_away() -> None:
    text = comparison_markdown(compare(*sides()))
    assert text.startswith("### Schema changes: side → side\n\n**Incompatible: 3 changes")
    assert '| ❌ | /rooms/\\{id\\} · a · x | member added: "r" | widening | breaks readers \\(clients\\) | observed |' in text
    assert "<details><summary>1 changes of documentation</summary>" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in rows} == {7}


def test_nothing_that_a_document_says_is_markup_or_calls_anybody() -> None:
    assert escaped("a|b `c` <script> @team [x](y)") == "a\\|b \\`c\\` \\<script\\> @\u200bteam \\[x\\]\\(y\\)"
    hostile = "|<img src=x onerror=alert(1)>@team"
    old, new = side(kind("a", record("a", x={"const": "p"}))), side(kind("a", record("a", x={"const": hostile})))
    text = comparison_markdown(compare(old, new))
    assert "<img" not in text.replace("\\<", "")
    assert "@team" not in text


def test_what_is_too_long_for_a_comment_is_cut_and_says_so() -> None:
    old = side(kind("a", {"type": "object", "properties": {f"field{i}": {"type": "string"} for i in range(900)}}))
    new = side(kind("a", {"type": "object", "properties": {f"field{i}": {"type": "null"} for i in range(900)}}))
    text = comparison_markdown(compare(old, new))
    assert len(text) < MOST_CHARACTERS + 200
    assert "more changes are not shown" in text
