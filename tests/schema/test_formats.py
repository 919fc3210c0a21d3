"""Formats: what each accepts, that validators agree, and that a set of formats can only lose members."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsobserve.schema.formats import ALL_FORMATS, FORMATS, Format, claimed_format, formats_of

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")  # it publishes no types


def names_of(text: str) -> set[str]:
    bits = formats_of(text.encode())
    return {each.name for each in FORMATS if each.bit & bits}


def by_name(name: str) -> Format:
    return next(each for each in FORMATS if each.name == name)


HAVE = {
    "uuid": ["550e8400-e29b-41d4-a716-446655440000", "00000000-0000-0000-0000-000000000000"],
    "date-time": ["2024-02-29T12:00:00Z", "2024-12-31T23:59:59.123456789+05:30"],
    "date": ["2024-02-29", "1999-12-31"],
    "time": ["12:00:00Z", "23:59:59.5-08:00"],
    "ipv4": ["127.0.0.1", "255.255.255.255"],
    "ipv6": ["::1", "2001:db8::ff00:42:8329"],
    "email": ["alice@example.org", "a.b+c_d@mail.example.co.uk"],
    "uri": ["https://example.org/a?b=c#d", "wss://example.org:8443", "file:///etc/hosts", "x-app://do/this%20now"],
    "duration": ["P1D", "PT5M", "P1DT2H30M5S", "PT0S"],
    "jwt": ["eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl"],
    "hex-prefixed": ["0x0", "0xdeadBEEF"],
    "ulid": ["01ARZ3NDEKTSV4RRFFQ69G5FAV"],
    "snowflake": ["175928847299117063"],
    "integer-string": ["0", "-12", "42"],
    "decimal-string": ["0.5", "-12", "42.000"],
    "hex": ["deadbeef01", "12345678"],
    "hex-upper": ["DEADBEEF01", "12345678"],
    "base64": ["Zm9vYmFyYmF6cXV4MTIzNA==", "aGVsbG8gd29ybGQhIQ+/"],
    "json": ['{"a":1}', "[1]", "{}"],
}
LACK = {
    "uuid": ["550e8400e29b41d4a716446655440000", "550e8400-e29b-41d4-a716-44665544000g"],
    "date-time": ["2023-02-29T12:00:00Z", "2024-02-29 12:00:00Z", "2024-02-29T12:00:00", "0000-01-01T00:00:00Z"],
    "date": ["2023-02-29", "2024-13-01", "2024-1-1"],
    "time": ["24:00:00Z", "12:00:00"],
    "ipv4": ["256.0.0.1", "1.2.3", "01.2.3.4"],
    "ipv6": [":::1", "1:2:3:4:5:6:7:8:9", "12:30:45"],
    "email": ["alice", "@example.org", "alice@localhost", "a" * 65 + "@example.org"],
    "uri": ["example.org", "/a/b", "https://example.org/a b", "mailto:x"],
    "duration": ["P", "PT", "P1DT", "1D", "PT1H5S"],
    "jwt": ["eyJhbGciOiJub25lIn0", "abc.def.ghi"],
    "hex-prefixed": ["0x", "0xg"],
    "ulid": ["81ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAI"],
    "snowflake": ["12345", "012345678901234567"],
    "integer-string": ["", "-", "007", "1.5"],
    "decimal-string": ["1.", ".5", "1e5"],
    "hex": ["deadbeef", "abc1", "DEADBEEF01"],
    "hex-upper": ["DEADBEEF", "ABC1", "deadbeef01"],
    "base64": ["hello", "Zm9v YmFy"],
    "json": ["json", "{a}", "5"],
}


def test_every_format_has_its_examples() -> None:
    assert set(HAVE) == set(LACK) == {each.name for each in FORMATS}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in HAVE.items() for text in texts])
def test_what_has_a_format(name: str, text: str) -> None:
    assert name in names_of(text)


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in LACK.items() for text in texts])
def test_what_has_not(name: str, text: str) -> None:
    assert name not in names_of(text)


def test_a_line_end_behind_it_belongs_to_no_format() -> None:
    assert names_of("127.0.0.1\n") == set()


def test_a_text_that_is_too_long_to_be_looked_at_has_no_format() -> None:
    assert "integer-string" in names_of("1" * 2_000)
    assert names_of("1" * 3_000) == set()


def test_no_bits_no_text_no_format() -> None:
    assert formats_of(b"127.0.0.1", 0) == formats_of(b"") == 0


def test_the_narrowest_format_is_claimed_when_it_was_seen_often_enough() -> None:
    bits = formats_of(b"175928847299117063")
    assert claimed_format(bits, 1_000, 18) == by_name("snowflake")
    assert claimed_format(bits, 1, 18) is None
    assert claimed_format(0, 1_000, 18) is None


def test_of_long_digits_one_value_is_enough() -> None:
    text = b"0f3a" * 16
    assert claimed_format(formats_of(text), 1, len(text)) == by_name("hex")
    assert claimed_format(formats_of(text[:8]), 1, 8) is None


def test_each_bit_is_of_one_format() -> None:
    assert sum(each.bit for each in FORMATS) == ALL_FORMATS
    assert [each.bit for each in FORMATS] == [1 << number for number in range(len(FORMATS))]


@settings(max_examples=150)
@given(
    st.binary(max_size=40) | st.sampled_from([text.encode() for texts in HAVE.values() for text in texts]),
    st.integers(0, ALL_FORMATS),
)
def test_any_bytes_have_the_formats_that_were_asked_for_and_no_others(text: bytes, among: int) -> None:
    assert formats_of(text, among) == formats_of(text) & among


LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# For some a wider form than ours, so that ours has to refuse a few.
CANDIDATES = {
    **{each.name: st.from_regex(each.form, fullmatch=True).map(bytes.decode) for each in FORMATS if each.keywords},
    "email": st.from_regex(
        rf"[A-Za-z0-9]{{1,80}}([._+-][A-Za-z0-9]{{1,20}}){{0,3}}@({LABEL}\.){{1,5}}[a-z]{{2,5}}", fullmatch=True
    ),
    "date": st.from_regex(r"[0-9]{4}-[01][0-9]-[0-3][0-9]", fullmatch=True),
    "duration": st.from_regex(r"P([0-9]D)?(T([0-9]H)?([0-9]M)?([0-9]S)?)?", fullmatch=True),
    "ipv6": st.from_regex(r"[0-9a-f]{0,5}(:[0-9a-f]{0,4}){1,8}", fullmatch=True) | st.ip_addresses(v=6).map(str),
}


@pytest.mark.parametrize("each", [each for each in FORMATS if each.keywords], ids=lambda each: each.name)
def test_what_has_a_format_is_accepted_where_a_schema_says_so(each: Format) -> None:
    schema = {"type": "string", **each.keywords}
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    accepts = [jsonschema.Draft202012Validator(schema, format_checker=checker).is_valid]
    try:
        import jsonschema_rs
    except ImportError:
        pass
    else:
        accepts.append(jsonschema_rs.Draft202012Validator(schema, validate_formats=True).is_valid)

    @settings(max_examples=40)
    @given(CANDIDATES[each.name] | st.sampled_from(HAVE[each.name]))
    def holds(text: str) -> None:
        if formats_of(text.encode(), each.bit):
            for accept in accepts:
                assert accept(text)

    holds()


def test_every_pattern_is_one() -> None:
    for each in FORMATS:
        assert set(each.keywords) <= {"format", "pattern"}
        re.compile(each.keywords.get("pattern", ""))
