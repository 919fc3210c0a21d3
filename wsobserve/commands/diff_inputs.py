"""What `schema diff` compares, loaded from the world: captures, schema and AsyncAPI files, directories and stores.

What a name means is told by what is there, not by how it is spelled: a directory holds schemas, a file that begins as a
database is a store, one that begins as text a document, anything else a capture. Failure, one line, for what cannot be.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from wsobserve.commands.running import Failure, observed

if TYPE_CHECKING:
    from wsobserve.compare.described import Channel, Described
    from wsobserve.records import MessageKind

MOST_BYTES = 32 * 1024 * 1024  # of a JSON document
MOST_YAML_BYTES = 4 * 1024 * 1024  # YAML is read a hundred times slower
MOST_FILES = 2_000  # of a directory
MOST_VALUES = 2_000_000  # of a document; YAML can say in a line what is gigabytes of it
DEEPEST = 200

SCHEMA_SUFFIXES = (".json", ".yaml", ".yml")
_SQLITE = b"SQLite format 3\0"
_RUN = re.compile(r"(?:run)?([0-9]{1,18})|latest")


def described(name: str, workers: int | None = None) -> Described:
    """What `name` describes."""
    if "://" in name or name.startswith(("sqlite:", "postgresql:")):
        return _store(*_without_moment(name))
    if name != "-" and not os.path.exists(name):
        place, moment = _without_moment(name)
        if moment is not None and os.path.isfile(place):
            return _store(place, moment)
        raise Failure(f"{name}: there is no such file, directory or store")
    if name != "-" and os.path.isdir(name):
        return _directory(name)
    beginning = _beginning(name)
    if beginning.startswith(_SQLITE):
        return _store(name, None)
    if _is_text(beginning) or name.lower().endswith(SCHEMA_SUFFIXES):
        return _document(name)
    return _capture(name, workers)


def _without_moment(name: str) -> tuple[str, str | None]:
    """`obs.db@3` is the store and `3`; a URL's `user@host` is not taken for that."""
    place, at, moment = name.rpartition("@")
    return (place, moment) if at and "/" not in moment else (name, None)


def _beginning(name: str) -> bytes:
    if name == "-":
        return b""
    try:
        with open(name, "rb") as file:
            return file.read(4096)
    except OSError as error:
        raise Failure(f"{name}: {error.strerror}") from None


def _is_text(beginning: bytes) -> bool:
    """Whether a document can begin like this. Captures and compressed files have control characters at their start."""
    if not beginning:
        return False
    try:
        text = beginning.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start < len(beginning) - 4:  # not just a character that was cut
            return False
        text = beginning[: error.start].decode("utf-8-sig", "replace")
    return all(character >= " " or character in "\t\r\n" for character in text)


def _capture(name: str, workers: int | None) -> Described:
    from wsobserve.compare.described import described_kinds

    return described_kinds(name, observed((name,), workers).kinds)


def _store(place: str, moment: str | None) -> Described:
    from wsobserve.compare.described import described_kinds
    from wsobserve.export.store import StoreReader

    reader = StoreReader(place)
    found = None if moment is None else _RUN.fullmatch(moment)
    if moment is not None and found is None:
        raise Failure(f"store {reader.shown}: {moment!a} is no run; give its number, or latest")
    runs = [row["id"] for row in reader.runs()]
    if not runs:
        raise Failure(f"store {reader.shown}: there is no run in it")
    run = runs[0] if found is None or found[1] is None else int(found[1])
    if run not in runs:
        raise Failure(f"store {reader.shown}: there is no run {run}; the latest is {runs[0]}")
    return described_kinds(f"{reader.shown}@{run}", (_kind(row) for row in reader.kinds(run)))


def _kind(row: dict[str, Any]) -> MessageKind:
    from wsobserve.records import MessageKind

    return MessageKind(
        id=row["id"],
        channel=row["channel"],
        direction=row["direction"],
        name=row["name"],
        messages=row["messages"],
        first_ns=row["first_ns"],
        last_ns=row["last_ns"],
        formats=row["formats"],
        json_schema=row["json_schema"],
        directions=row.get("directions") or {},
        discriminator=tuple(_pairs(row.get("discriminator"))),
    )


def _pairs(stored: object) -> Iterator[tuple[str, Any]]:
    """A discriminator as a store holds it."""
    entries = stored.items() if isinstance(stored, dict) else stored if isinstance(stored, list) else ()
    for entry in entries:
        if isinstance(entry, list | tuple) and len(entry) == 2:
            yield str(entry[0]), entry[1]


def _document(name: str) -> Described:
    from wsobserve.compare.asyncapi import described_asyncapi, is_asyncapi

    document = _read(name)
    if not is_asyncapi(document):
        return _schemas(name, {name: document})
    try:
        return described_asyncapi(document, name)
    except ValueError as error:
        raise Failure(f"{name}: {error}") from None


def _directory(name: str) -> Described:
    try:
        files = sorted(entry for entry in os.listdir(name) if entry.lower().endswith(SCHEMA_SUFFIXES))
    except OSError as error:
        raise Failure(f"{name}: {error.strerror}") from None
    if not files:
        raise Failure(f"{name}: there is no JSON Schema in this directory (*.json, *.yaml)")
    if len(files) > MOST_FILES:
        raise Failure(f"{name}: more than {MOST_FILES} files in this directory")
    paths = [os.path.join(name, file) for file in files]
    return _schemas(name, {path: _read(path) for path in paths})


def _schemas(label: str, documents: dict[str, Any]) -> Described:
    from wsobserve.compare.described import Described
    from wsobserve.compare.json_schema import described_schema, from_traffic, is_json_schema

    channels: list[Channel] = []
    for path, document in documents.items():
        if not is_json_schema(document):
            raise Failure(f"{path}: neither a JSON Schema nor an AsyncAPI document")
        stem = os.path.basename(path).partition(".")[0] if len(documents) > 1 else "schema"
        channels.append(described_schema(document, stem))
    traffic = any(from_traffic(document) for document in documents.values())
    return Described(label=label, traffic=traffic, channels=_joined(channels))


def _joined(channels: list[Channel]) -> tuple[Channel, ...]:
    """Schemas that say no channel are kinds of one."""
    from dataclasses import replace

    found: dict[str, Channel] = {}
    for channel in channels:
        known = found.get(channel.address)
        found[channel.address] = channel if known is None else replace(known, kinds=(*known.kinds, *channel.kinds))
    return tuple(found.values())


def _read(name: str) -> Any:
    """The document of a file, as JSON values."""
    yaml = name.lower().endswith((".yaml", ".yml"))
    limit = MOST_YAML_BYTES if yaml else MOST_BYTES
    try:
        with open(name, "rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise Failure(f"{name}: {error.strerror}") from None
    if len(data) > limit:
        raise Failure(f"{name}: longer than {limit >> 20} MiB, which is more than is read of a document")
    try:
        text = data.decode("utf-8-sig")
        if not yaml and text.lstrip()[:1] not in ("{", "[") and text.strip() not in ("true", "false"):
            yaml = True
            if len(data) > MOST_YAML_BYTES:
                raise Failure(f"{name}: neither JSON nor YAML of less than {MOST_YAML_BYTES >> 20} MiB")
        return _bounded(name, _parsed_yaml(name, text) if yaml else json.loads(text))
    except UnicodeDecodeError:
        raise Failure(f"{name}: not UTF-8") from None
    except json.JSONDecodeError as error:
        raise Failure(f"{name}: not JSON: {error.msg} (line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise Failure(f"{name}: nested too deep") from None
    except ValueError:  # a number of thousands of digits
        raise Failure(f"{name}: holds a number that is too long") from None


def _parsed_yaml(name: str, text: str) -> Any:
    import yaml

    try:
        return yaml.load(text, Loader=_yaml_loader())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = "" if mark is None else f" (line {mark.line + 1}, column {mark.column + 1})"
        raise Failure(f"{name}: not YAML: {(error.problem or 'cannot be parsed').splitlines()[0]}{where}") from None
    except yaml.YAMLError as error:
        raise Failure(f"{name}: not YAML: {str(error).splitlines()[0]}") from None
    except (OverflowError, TypeError, AttributeError):  # a date or a key that cannot be
        raise Failure(f"{name}: not YAML that stands for JSON") from None


def _yaml_loader() -> Any:
    """A safe loader that takes `on`, `no` and dates for the texts that they are in YAML 1.2, and in what means to be JSON."""
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the one written in C may be missing
        pass

    others = ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp")
    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in others]
        for first, resolvers in Loader.yaml_implicit_resolvers.items()
    }
    Loader.add_implicit_resolver(others[0], re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
    return Loader


def _bounded(name: str, document: Any) -> Any:
    """The document with names that are texts and nothing but JSON values. Failure when it has no end, or none in sight."""
    left = MOST_VALUES

    def plain(value: Any, depth: int) -> Any:
        nonlocal left
        left -= 1
        if left < 0 or depth > DEEPEST:
            raise Failure(f"{name}: more than {MOST_VALUES} values, nested deeper than {DEEPEST}, or refers to itself")
        match value:
            case dict():
                return {_name(key): plain(inner, depth + 1) for key, inner in value.items()}
            case list() | tuple() | set():
                return [plain(inner, depth + 1) for inner in value]
            case None | bool() | int() | float() | str():
                return value
        return str(value)  # what an explicit tag of YAML asked for

    return plain(document, 0)


def _name(key: object) -> str:
    """`1:` and `true:` are names in YAML that means to be JSON."""
    if isinstance(key, str):
        return key
    return json.dumps(key) if key is None or isinstance(key, bool | int | float) else str(key)
