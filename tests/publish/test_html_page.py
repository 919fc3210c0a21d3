"""One HTML page that needs nothing else, in which nothing of other people is markup."""

from __future__ import annotations

import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.publish.kinds import counted, kind, record, shuffled
from tests.publish.observed import observed
from wsobserve.publish.html_page import html_text
from wsobserve.publish.overlay_file import ChannelNote
from wsobserve.records import MessageKind

pytestmark = pytest.mark.build_independent

VOID = {"meta", "link", "img", "br", "hr", "input", "base", "wbr"}
USER = record("id name", id={"type": "integer"}, name={"type": "string"})
HOSTILE = "</code><script>alert(1)</script>\" onload='x' &amp; \u202e\x00"


class Page(HTMLParser):
    """What a browser would make of it: tags with attributes, anchors, and whether all that opens closes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, attribute: str) -> list[str]:
        return [value for _, attributes in self.tags if (value := attributes.get(attribute)) is not None]


def hostile_kind() -> MessageKind:
    schema = record(**{HOSTILE: {"const": HOSTILE, "description": HOSTILE}, "list": {"enum": [HOSTILE, 1]}})
    return kind(HOSTILE, schema | {"description": HOSTILE}, name=HOSTILE, channel=HOSTILE, discriminator=(("/x", HOSTILE),))


def test_hostile_names_are_text_and_nothing_else() -> None:
    page = Page(html_text([hostile_kind()], {HOSTILE: ChannelNote(title=HOSTILE, description=HOSTILE)}, title=HOSTILE))
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "img", "link", "iframe", "base", "object"})
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert "<script>alert(1)</script>" in page.text
    assert "\u202e" not in page.text
    assert "\\x202e\\x00" in page.text


def test_every_link_leads_to_a_place_on_the_page() -> None:
    kinds = [kind("a.b-1", record("user", user=USER)), kind("x/y ü", record("user", user=USER)), hostile_kind()]
    page = Page(html_text(kinds))
    places = page.all("id")
    assert len(places) == len(set(places))
    links = page.all("href")
    assert links
    assert {link.removeprefix("#") for link in links} <= set(places)


def test_fields_say_what_is_known_of_them() -> None:
    side: dict[str, Any] = {"enum": ["buy", "sell"], "type": "string", "x-wsobserve-count": 1234, "x-wsobserve-presence": 0.25}
    schema = record(
        "price", side=side | {"deprecated": True, "description": "which way"}, price={"type": "number", "minimum": 0}
    )
    text = html_text([kind("order-1", schema, name="order", messages=5000)])
    for part in ("1 channel, 1 kind, 5,000 messages", "in 25 %", "always", "which way", "deprecated", "at least 0", "1,234"):
        assert part in Page(text).text, part


@settings(max_examples=40)
@given(st.lists(counted(), max_size=3), st.integers(0, 99))
def test_any_kinds_give_a_sound_page_and_the_same_text_in_any_order(schemas: list[dict[str, Any]], seed: int) -> None:
    kinds = [kind(f"k{place}", schema) for place, schema in enumerate(schemas)]
    text = html_text(kinds)
    Page(text)
    other = [kind(each.id, shuffled(each.json_schema, seed)) for each in reversed(kinds)]
    assert html_text(other) == text


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (360, 740)])
def test_a_browser_shows_it_without_scrolling_sideways_and_asks_nobody(width: int, height: int, tmp_path: Path) -> None:
    sync_api = pytest.importorskip("playwright.sync_api", reason="a real browser needs playwright")
    browser_path = shutil.which("chromium")
    if browser_path is None:
        pytest.skip("chromium is not installed")
    page_path = tmp_path / "page.html"
    page_path.write_text(html_text([*observed("demo.pcapng")[0], hostile_kind()]), encoding="utf-8")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": height})
        asked: list[str] = []
        said: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.goto(page_path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("article").count() > 25
        browser.close()
    assert asked == [page_path.as_uri()]
    assert said == []
