"""What others infer of the same messages: genson and quicktype, each as it comes, and genson with its records closed.

In: messages. Out: JSON Schemas, to be scored like ours; None where a program is not installed. They tell no kinds apart, so
their labels are the alternatives that a message takes in their schema.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

from tests.benchmarks.schemas import quicktype_modules

Schema: TypeAlias = "dict[str, Any]"
SCRIPT = Path(__file__).parents[1] / "benchmarks" / "schema_quicktype.mjs"


def genson(messages: Sequence[Any], folder: Path) -> Schema | None:
    """One open record a place."""
    if find_spec("genson") is None:
        return None
    from genson import SchemaBuilder  # type: ignore[import-untyped]  # it publishes no types

    builder = SchemaBuilder()
    for message in messages:
        builder.add_object(message)
    schema: Schema = builder.to_schema()
    return schema


def genson_closed(messages: Sequence[Any], folder: Path) -> Schema | None:
    """The same, and nothing beside the properties that were seen."""
    schema = genson(messages, folder)
    return None if schema is None else closed(schema)


def closed(schema: Any) -> Any:
    """Every record with properties allows no others."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        found["properties"] = {key: closed(value) for key, value in schema["properties"].items()}
        found["additionalProperties"] = False
    return found


def quicktype(messages: Sequence[Any], folder: Path) -> Schema | None:
    """Each message is given as the one field of a record: at the top, quicktype knows no alternatives."""
    modules = quicktype_modules(folder)
    if modules is None:
        return None
    with tempfile.TemporaryDirectory() as temporary:
        texts = Path(temporary) / "texts"
        texts.write_text("".join(json.dumps({"v": message}) + "\n" for message in messages))
        command = ["node", str(SCRIPT), str(modules.resolve()), str(texts), "schema"]
        run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(f"quicktype: {run.stderr.strip()[-500:]}")
    whole: Schema = json.loads(run.stdout)
    root = whole["definitions"][whole["$ref"].rpartition("/")[2]]
    return {**root["properties"]["v"], "$schema": whole["$schema"], "definitions": whole["definitions"]}


PEERS: dict[str, Callable[[Sequence[Any], Path], Schema | None]] = {
    "genson": genson,
    "genson, closed": genson_closed,
    "quicktype": quicktype,
}
