"""What a request carries besides the handshake: names and schemes, never a value, and never more than a few."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsobserve.websocket.carried import MOST, Carried, credentials, field_names, names_credential


def carried(*fields: tuple[str, str]) -> tuple[str, ...]:
    found = Carried()
    for name, value in fields:
        found.add(name, value)
    return found.names()


def test_a_field_is_its_name() -> None:
    assert carried(("x-tenant", "acme"), ("x-api-key", "s3cr3t"), ("x-tenant", "other")) == ("x-api-key", "x-tenant")


def test_what_every_browser_and_proxy_sends_says_nothing_of_the_service() -> None:
    assert carried(("accept-language", "de"), ("sec-fetch-mode", "websocket"), ("x-forwarded-for", "::1"), ("dnt", "1")) == ()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Bearer abc", "authorization:bearer"),
        ("BASIC dTpw", "authorization:basic"),
        ("Bearer", "authorization"),  # a scheme alone, or a token that is a word
        ("abc def", "authorization"),
        ("", "authorization"),
    ],
)
def test_of_an_authorization_its_scheme_when_it_is_a_known_one(value: str, expected: str) -> None:
    assert carried(("authorization", value)) == (expected,)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("session_id=a; theme=b", ("cookie", "cookie:session_id", "cookie:theme")),
        ("a=1;b=2", ("cookie", "cookie:a", "cookie:b")),
        ('a="x; y=z"; b=2', ("cookie", "cookie:a", "cookie:b")),
        ("a=b=c", ("cookie", "cookie:a")),
        ("s3cr3t", ("cookie",)),
        ("0123456789abcdef=1", ("cookie", "cookie:***")),
        ("=1; =2;;", ("cookie",)),
        ("", ("cookie",)),
    ],
)
def test_of_cookies_their_names(value: str, expected: tuple[str, ...]) -> None:
    assert carried(("cookie", value)) == expected


def test_a_name_that_may_be_a_value_is_not_shown() -> None:
    assert carried(("0123456789abcdef", "1"), ("no name", "1"), ("", "1")) == ("***",)


def test_names_beyond_the_limit_are_said_to_be_there() -> None:
    names = carried(*((f"x-{letter}{other}", "") for letter in "abcdefgh" for other in "abcdefgh"))
    assert len(names) == MOST + 1
    assert names[-1] == "..."


def test_fields_beyond_the_limit_are_not_looked_at_and_said_to_be_there() -> None:
    assert carried(*[("dnt", "1")] * 300, ("x-tenant", "a")) == ("...",)


def test_the_names_of_fields_come_each_once() -> None:
    assert field_names(("authorization:bearer", "cookie", "cookie:a", "x-tenant")) == ("authorization", "cookie", "x-tenant")


NAMING = """
    token access_token accessToken authToken x-api-key apiKey api_key APIKEY jwt password x-auth-token auth Authorization
    ticket id_token X-Amz-Signature client_secret
"""
NOT_NAMING = "key id v author x-csrf-token tokens_used theme EIO sid monkey authority passport"


@pytest.mark.parametrize("name", NAMING.split())
def test_names_that_say_who_asks(name: str) -> None:
    assert names_credential(name)


@pytest.mark.parametrize("name", NOT_NAMING.split())
def test_names_that_do_not(name: str) -> None:
    assert not names_credential(name)


def test_credentials_of_each_place() -> None:
    assert credentials(
        ("authorization:basic", "cookie", "cookie:connect.sid", "cookie:theme", "x-api-key", "x-tenant"), ("token", "v"), ()
    ) == ("cookie:connect.sid", "header:authorization:basic", "header:x-api-key", "query:token")


@pytest.mark.parametrize(
    ("offered", "expected"),
    [
        (("graphql-ws", "mqtt"), ()),
        (("chat", "bearer.eyJh.eyJi.c"), ("subprotocol:bearer",)),
        (("chat", "base64url.bearer.phx.abc"), ("subprotocol:base64url.bearer.phx",)),
        (("access_token", "eyJhbGciOiJIUzI1NiJ9.e30.c2ln"), ("subprotocol:access_token",)),
        (("chat", "0123456789abcdef0123456789abcdef"), ("subprotocol:***",)),
    ],
)
def test_a_token_among_the_subprotocols(offered: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert credentials((), (), offered) == expected


@given(
    st.lists(
        st.tuples(st.sampled_from(["cookie", "authorization", "x-a", "***"]) | st.text(max_size=20), st.text(max_size=60))
    ),
    st.lists(st.text(max_size=20)).map(tuple),
    st.lists(st.text(max_size=20)).map(tuple),
)
def test_any_fields_keys_and_subprotocols_are_told_within_bounds(
    fields: list[tuple[str, str]], keys: tuple[str, ...], offered: tuple[str, ...]
) -> None:
    names = carried(*fields)
    assert len(names) <= MOST + 1
    assert all(len(name) <= 80 for name in names)
    field_names(names)
    credentials(names, keys, offered)


def test_a_long_cookie_is_read_in_no_time() -> None:
    for value in (";" * 60_000, "; " * 30_000, ";" + " " * 60_000, 'a="' * 20_000, '"' * 60_000, "a" * 60_000):
        carried(("cookie", value))
