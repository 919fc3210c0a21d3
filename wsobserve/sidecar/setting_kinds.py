"""The kinds of setting: what is given for one (text, or what TOML has: numbers, lists, tables) in, its value out.

Text is the same everywhere: as an option, in a variable, in the file. Where several may be given, commas part them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from wsobserve.sidecar.address import parse_address
from wsobserve.sidecar.quantities import duration_text, parse_duration, parse_share, parse_size, size_text

# A name of one part or more, as OpenTelemetry's attributes have it.
_ATTRIBUTE = re.compile(r"[A-Za-z][\w.\-/]{0,254}", re.ASCII)
_PORTS = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")


class Kind(NamedTuple):
    """`parse` raises ValueError for what is none; `expects` says then what would be. `show` is the way back."""

    expects: str
    parse: Callable[[object], Any]
    show: Callable[[Any], str] = str
    several: bool = False  # given more than once, on the command line
    switch: bool = False  # on the command line: `--drift`, `--no-drift`


def _text(given: object) -> str:
    if not isinstance(given, str) or not given.strip() or not given.isprintable():
        raise ValueError(given)
    return given


def _whole(given: object) -> int:
    if isinstance(given, str) and re.fullmatch(r"[0-9]{1,18}", given.strip()):
        return int(given)
    if isinstance(given, int) and not isinstance(given, bool) and 0 <= given < 10**18:
        return given
    raise ValueError(given)


def _size(given: object) -> int:
    return parse_size(given) if isinstance(given, str) else _whole(given)


def _quantity(parse: Callable[[str], float]) -> Callable[[object], float]:
    def quantity(given: object) -> float:
        if isinstance(given, str):
            return parse(given)
        if isinstance(given, int | float) and not isinstance(given, bool) and 0 <= given < 1e18:  # `nan` is not, either
            return float(given)
        raise ValueError(given)

    return quantity


def _truth(given: object) -> bool:
    if isinstance(given, bool):
        return given
    words = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    try:
        return words[_text(given).strip().lower()]
    except KeyError:
        raise ValueError(given) from None


def _address(given: object) -> str:
    text = _text(given)
    parse_address(text)
    return text


def _texts(given: object) -> tuple[str, ...]:
    """Commas part what is given as one text. What is a list (or an option given several times) is parted already."""
    if isinstance(given, str):
        return tuple(_text(part.strip()) for part in given.split(","))
    if isinstance(given, list | tuple):
        return tuple(map(_text, given))
    raise ValueError(given)


def _ports(given: object) -> tuple[str, ...]:
    items = given if isinstance(given, list | tuple) else [given]
    ports: list[str] = []
    for item in items:
        for text in (str(item),) if type(item) is int else _texts(item):
            match = _PORTS.fullmatch(text)
            if match is None or not 0 < int(match[1]) <= int(match[2] or match[1]) < 65536:
                raise ValueError(text)
            ports.append("-".join(str(int(port)) for port in match.groups() if port is not None))
    return tuple(ports)


def _attributes(given: object) -> dict[str, str]:
    if isinstance(given, Mapping):
        pairs = [(key, _text(value)) for key, value in given.items()]
    else:
        parted = [text.partition("=") for text in _texts(given)]
        pairs = [(key.strip(), _text(value.strip())) for key, _, value in parted]
    if not all(_ATTRIBUTE.fullmatch(key) for key, _ in pairs):
        raise ValueError(given)
    return dict(pairs)


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(values)


TEXT = Kind("a text", _text)
WHOLE = Kind("a whole number", _whole)
SIZE = Kind("a size such as 64MiB", _size, size_text)
DURATION = Kind("a time such as 30s or 5m", _quantity(parse_duration), duration_text)
SHARE = Kind("a share such as 0.01 or 1%", _quantity(parse_share), "{:g}".format)
SWITCH = Kind("true or false", _truth, lambda value: str(value).lower(), switch=True)
ADDRESS = Kind("host:port, unix:/path or off", _address)
TEXTS = Kind("one or more texts", _texts, _listed, several=True)
PORTS = Kind("ports from 1 to 65535, or ranges such as 9000-9100", _ports, _listed, several=True)
ATTRIBUTES = Kind(
    "key=value", _attributes, lambda value: ", ".join(f"{key}={text}" for key, text in value.items()), several=True
)


def choice(*names: str) -> Kind:
    """One of these."""

    def parse(given: object) -> str:
        if given not in names:
            raise ValueError(given)
        return str(given)

    return Kind(f"{', '.join(names[:-1])} or {names[-1]}", parse)
