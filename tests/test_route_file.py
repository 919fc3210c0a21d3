"""A file of rules for routes: YAML or TOML, bounded, refused as a whole in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from wsobserve.capture.error import CaptureError
from wsobserve.payload.route_rules import RouteRule, RouteRules
from wsobserve.route_file import LARGEST, read_route_rules

pytestmark = pytest.mark.build_independent

RULES = RouteRules([RouteRule(port=8080, address="10.0.0.0/8", route="/rooms/{id}"), RouteRule(port=9000, same_port=True)])


def written(tmp_path: Path, text: str | bytes, name: str = "routes.yaml") -> str:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


def test_yaml(tmp_path: Path) -> None:
    text = "routes:\n- {port: 8080, address: 10.0.0.0/8, route: '/rooms/{id}'}\n- port: 9000\n  same_port: true\n"
    assert read_route_rules(written(tmp_path, text)) == RULES


def test_toml(tmp_path: Path) -> None:
    text = '[[routes]]\nport = 8080\naddress = "10.0.0.0/8"\nroute = "/rooms/{id}"\n[[routes]]\nport = 9000\nsame_port = true\n'
    assert read_route_rules(written(tmp_path, text, "routes.toml")) == RULES


def test_an_empty_file_has_no_rules(tmp_path: Path) -> None:
    assert read_route_rules(written(tmp_path, "")) == RouteRules()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("routes: [{port: 8080, route: [}]", "line 1"),
        ("routes:\n- port: many\n  route: /a\n", r"int.*routes\[0\]\.port"),
        ("routes:\n- port: 80\n", "either `route` or `same_port"),
        ("a: 1\n", "unknown field `a`"),
        ("- 1\n", "object"),
        (b"\xff\xfe\x00", "neither YAML nor TOML"),
        ("&a [*a]", "object|RouteRules|neither"),
        ("routes: [" + "{port: 80, route: /a}," * 1_001 + "]", "length"),
        ("!!python/object/apply:os.getcwd []", "not YAML|neither"),
        ("# " + "x" * LARGEST, "more than"),
    ],
)
def test_what_nobody_understands_is_refused_in_one_line(tmp_path: Path, text: str | bytes, complaint: str) -> None:
    with pytest.raises(CaptureError, match=complaint) as refused:
        read_route_rules(written(tmp_path, text))
    assert len(str(refused.value).splitlines()) == 1


def test_toml_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="Invalid value"):
        read_route_rules(written(tmp_path, "routes = [", "routes.toml"))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="No such file"):
        read_route_rules(str(tmp_path / "none.yaml"))
