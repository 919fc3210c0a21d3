"""The Debug Adapter Protocol: an editor and a debugger.

In: the protocol's JSON Schema, as debugpy carries it. Out: kinds of message. Requests, responses and events are numbered by
`seq`; a response repeats the number of its request.
"""

from __future__ import annotations

import json
from typing import Any

from tests.schema_benchmark.specifications.json_schemas import JsonSchemas
from tests.schema_benchmark.specifications.leaves import Leaves
from tests.schema_benchmark.specifications.nodes import Constant, Field, Node, Number, Record
from tests.schema_benchmark.specifications.packages import Package

PACKAGE = Package("pypi", "debugpy", "1.8.22", "MIT")
MEMBER = "debugpy/_vendored/pydevd/_pydevd_bundle/_debug_adapter/debugProtocol.json"
EVENTS = "Output Stopped Thread Module Breakpoint ProgressStart ProgressUpdate".split()
REQUESTS = "StackTrace Variables SetBreakpoints Evaluate Next Launch".split()
RESPONSES = "StackTrace Variables SetBreakpoints Threads".split()


def kinds() -> dict[str, Node]:
    """By name, what may be sent."""
    schemas = JsonSchemas(Leaves("dap"), json.loads(PACKAGE.text(MEMBER))["definitions"])
    found = {f"{name} told": _message(schemas, f"{name}Event") for name in EVENTS}
    found |= {f"{name} asked": _message(schemas, f"{name}Request") for name in REQUESTS}
    return found | {f"{name} answered": _message(schemas, f"{name}Response") for name in RESPONSES}


def _message(schemas: JsonSchemas, name: str) -> Node:
    merged = schemas.merged({"$ref": f"#/definitions/{name}"})
    fields = {key: inner for key, inner in merged["properties"].items() if key not in ("seq", "command", "event", "type")}
    for each in ("message", "success", "request_seq"):
        fields.pop(each, None)
    record = schemas.record({**merged, "properties": fields}, name, name) if fields else Record({})
    assert isinstance(record, Record)
    sort = next(sort for sort in ("Event", "Request", "Response") if name.endswith(sort))
    short = name.removesuffix(sort)
    tag: Any = Constant(short[0].lower() + short[1:], tag=True)
    envelope = {"seq": Field(Number(lambda world: world.counted("dap"))), "type": Field(Constant(sort.lower(), tag=True))}
    match sort:
        case "Event":
            envelope["event"] = Field(tag)
        case "Request":
            envelope["seq"] = Field(Number(lambda world: world.asked("dap")))
            envelope["command"] = Field(tag)
        case "Response":
            envelope["request_seq"] = Field(Number(lambda world: world.answered("dap")))
            envelope |= {"success": Field(Constant(True)), "command": Field(tag)}
    return Record({**envelope, **record.fields})
