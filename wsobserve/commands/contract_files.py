"""The files of a contract, for the commands that take one: YAML or JSON, one file or a directory, and what they refer to.

References to other YAML and JSON files on this machine are followed; nothing is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from wsobserve.commands.running import Failure
from wsobserve.config import MIB

if TYPE_CHECKING:
    from wsobserve.config import Limits
    from wsobserve.contract.asyncapi import Perspective
    from wsobserve.contract.fold import ContractFold

LONGEST_FILE = 16 * MIB
MOST_FILES = 256
# YAML 1.2, 10.3.2: what a plain scalar is when it is no text; the characters that it begins with, none when it is empty.
YAML_SCALARS = (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL", "~nN"),
    ("null", r"", ""),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("merge", r"<<", "<"),
)
SUFFIXES = (".json", ".yaml", ".yml")


def contract_fold(path: str, perspective: Perspective, limits: Limits) -> ContractFold:
    """A check against the contract at `path`. Failure, in one line, when there is no contract that can be used."""
    try:
        from wsobserve.contract.asyncapi import asyncapi_contract, is_asyncapi
        from wsobserve.contract.fold import ContractFold
        from wsobserve.contract.json_schemas import schemas_contract
        from wsobserve.contract.sources import ContractError, Sources
    except ModuleNotFoundError as error:
        raise Failure(f"{error.name} is not installed: pip install 'wsobserve[check]'") from None
    start = Path(path)
    directory = start.is_dir()
    files = sorted(each for each in start.rglob("*") if each.suffix.lower() in SUFFIXES) if directory else [start]
    if not files:
        raise Failure(f"{path}: no schemas in this directory")
    documents = load_documents(files)
    addresses = [file.resolve().as_uri() for file in files]
    try:
        sources = Sources(documents)
        if not directory and is_asyncapi(documents[addresses[0]]):
            contract = asyncapi_contract(sources, addresses[0], perspective)
        elif not directory and not _is_schema(documents[addresses[0]]):
            raise ContractError("neither an AsyncAPI document nor a JSON Schema")
        else:
            contract = schemas_contract(sources, addresses, directory=directory)
        return ContractFold(contract, sources, limits)
    except ContractError as error:
        raise Failure(f"{path}: {error}") from None


def _is_schema(document: object) -> bool:
    """Whether this may be a JSON Schema: objects without any of its words accept everything, which nobody means."""
    words = {
        "$schema",
        "$ref",
        "$defs",
        "type",
        "anyOf",
        "oneOf",
        "allOf",
        "properties",
        "enum",
        "const",
        "items",
        "prefixItems",
    }
    return isinstance(document, dict) and not words.isdisjoint(document)


def load_documents(files: list[Path]) -> dict[str, Any]:
    """These files and those that they refer to, by address. Failure when one cannot be read."""
    documents: dict[str, Any] = {}
    waiting = [file.resolve() for file in files]
    while waiting:
        file = waiting.pop()
        address = file.as_uri()
        if address in documents:
            continue
        if len(documents) >= MOST_FILES:
            raise Failure(f"{file}: the contract has more than {MOST_FILES} files")
        documents[address] = load_document(file)
        for reference in sorted(_references(documents[address])):
            target = urlsplit(urldefrag(urljoin(address, reference)).url)
            referred = Path(unquote(target.path))
            # What is not a file there is found by its `$id`, or refused, where references are resolved.
            if target.scheme == "file" and referred.suffix.lower() in SUFFIXES and referred.is_file():
                waiting.append(referred)
    return documents


def load_document(file: Path) -> Any:
    """A YAML or JSON file. Failure, in one line, when it is neither."""
    try:
        if file.stat().st_size > LONGEST_FILE:
            raise Failure(f"{file}: larger than {LONGEST_FILE // MIB} MiB")
        data = file.read_bytes()
    except OSError as error:
        raise Failure(f"{file}: {error.strerror}") from None
    if file.suffix.lower() not in (".yaml", ".yml"):
        import msgspec

        try:
            return msgspec.json.decode(data)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            if file.suffix.lower() == ".json":
                raise Failure(f"{file}: not JSON ({error})") from None
    return _yaml(data, file)


def _yaml(data: bytes, file: Path) -> Any:
    """YAML as JSON has it: `on` is a text, and so is a date (YAML 1.2, 10.3)."""
    import yaml

    loader: Any = type("Loader", (getattr(yaml, "CSafeLoader", yaml.SafeLoader),), {"yaml_implicit_resolvers": {}})
    for tag, pattern, first in YAML_SCALARS:
        loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"(?:{pattern})$"), list(first) or [""])
    loader.add_constructor("tag:yaml.org,2002:int", lambda _, node: _integer(node.value))
    try:
        document = yaml.load(data, loader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark is not None else ""
        raise Failure(f"{file}: not YAML ({getattr(error, 'problem', None) or type(error).__name__}{where})") from None
    return _with_text_keys(document)


def _integer(text: str) -> int:
    return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))


def _with_text_keys(document: Any) -> Any:
    """Keys of JSON are text: `200:` is `"200":`."""
    for each in _containers(document):
        if isinstance(each, dict):
            for key in [key for key in each if not isinstance(key, str)]:
                each[_key_text(key)] = each.pop(key)
    return document


def _key_text(key: object) -> str:
    if key is None:
        return "null"
    return str(key).lower() if isinstance(key, bool) else str(key)


def _containers(document: Any) -> Iterator[Any]:
    """Every object and array, each once, however many aliases it has."""
    waiting = [document]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop()
        if id(each) not in seen and isinstance(each, dict | list):
            seen.add(id(each))
            yield each
            waiting.extend(each.values() if isinstance(each, dict) else each)


def _references(document: Any) -> set[str]:
    """Every reference in a document that leads out of it."""
    found = [each.get("$ref") for each in _containers(document) if isinstance(each, dict)]
    return {each for each in found if isinstance(each, str) and not each.startswith("#")}
