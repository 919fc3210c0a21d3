"""A file of rules for routes (YAML or TOML) in, the rules out.

A file that says something that nobody understands is refused as a whole: one line tells where and why.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec
import yaml

from wsobserve.capture.error import CaptureError, name_for_people
from wsobserve.config import MIB
from wsobserve.payload.route_rules import RouteRules

LARGEST = MIB


def read_route_rules(path: str) -> RouteRules:
    """The rules of a file, TOML when its name says so. CaptureError with one line when it cannot be read or understood."""
    name = name_for_people(path)
    try:
        with Path(path).open("rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        raise CaptureError(f"{name}: {getattr(error, 'strerror', None) or 'no such file'}") from None
    if len(data) > LARGEST:
        raise CaptureError(f"{name}: more than {LARGEST} bytes are no rules for routes")
    try:
        text = data.decode()
        value = tomllib.loads(text) if path.endswith(".toml") else yaml.load(text, yaml.CSafeLoader)
        return msgspec.convert({} if value is None else value, RouteRules)
    except (msgspec.ValidationError, tomllib.TOMLDecodeError) as error:
        raise CaptureError(f"{name}: {' '.join(str(error).split())}") from None
    except yaml.MarkedYAMLError as error:
        where = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise CaptureError(f"{name}{where}: not YAML: {' '.join(str(error.problem).split())}") from None
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError, ValueError):
        raise CaptureError(f"{name}: neither YAML nor TOML in UTF-8") from None
