"""The report of a check as lines for people."""

from __future__ import annotations

from tests.contract.agreed import MARKET, TRADE, fold_of, said
from wsobserve.config import Limits
from wsobserve.contract.snapshot import report
from wsobserve.export.contract_text import MOST_UNSEEN, report_lines, violation_line


def test_everything_that_was_found_is_told() -> None:
    fold = fold_of(MARKET)
    for message in (said(TRADE, "/ws/x@trade"), said({**TRADE, "p": 1}, "/ws/x@trade", packet=3), said("ping", "/ws")):
        fold.add(message)
    fold.add(said({"a": 1}, "/else\x1bwhere", name="other"))
    lines = report_lines(report(fold), 10)
    assert lines[0] == "Contract: Market (AsyncAPI 3.0.0)"
    text = "\n".join(lines)
    assert "        1 x trades  server to client  trade  /p  type: string expected, integer found" in lines
    assert "main.yaml#/components/schemas/Price/" in text
    assert "first in packet 3, 1970-01-01T00:00:00.000003Z, client 10.0.0.1:4, server 10.0.0.2:80" in text
    assert "        1 x /else\\x1bwhere  server to client  other" in lines
    assert "        1 x /ws  format text" in lines
    assert "  messages: 3 of 4" in lines
    assert '    trades trade /side = "sell"' in lines


def test_of_many_the_first_are_told_and_the_rest_counted() -> None:
    properties: dict[str, object] = {f"p{number}": {} for number in range(100)}
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    fold = fold_of(schema, limits=Limits(contract_violations=4, contract_points=99))
    fold.add(said({}))
    for name in ("one", "two", "three", "four", "five", "six"):
        fold.add(said({name: 1}))
    lines = report_lines(report(fold), 1)
    assert "  and 3 more (--max-violations shows them)" in lines
    assert "  and 2 messages beyond what is told apart" in lines
    assert f"    and {99 - MOST_UNSEEN} more (--format json lists them all)" in lines
    assert "  1 names of the contract were not looked for: there are too many" in lines


def test_a_violation_of_the_whole_message_says_so() -> None:
    fold = fold_of({"anyOf": [{"type": "object", "required": ["a"]}, {"type": "object", "required": ["b"]}]})
    fold.add(said({}))
    (violation,) = report(fold).violations
    assert "main.yaml  server to client  -  (the whole message)  message" in violation_line(violation)
