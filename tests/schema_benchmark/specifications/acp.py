"""The Agent Client Protocol: an editor and a coding agent, as JSON-RPC 2.0.

In: the protocol's JSON Schema. Out: kinds of message. Most of the traffic is one notification, `session/update`, whose
updates are told apart inside it, and whose blocks of content once more.
"""

from __future__ import annotations

import json

from tests.schema_benchmark.specifications.json_schemas import JsonSchemas
from tests.schema_benchmark.specifications.leaves import Leaves
from tests.schema_benchmark.specifications.nodes import Constant, Field, FreeRecord, Node, Number, Record
from tests.schema_benchmark.specifications.packages import Package

PACKAGE = Package("npm", "@zed-industries/agent-client-protocol", "0.4.5", "Apache-2.0")
REQUESTS = {
    "session/new": "NewSessionRequest",
    "session/prompt": "PromptRequest",
    "session/request_permission": "RequestPermissionRequest",
    "fs/read_text_file": "ReadTextFileRequest",
    "terminal/create": "CreateTerminalRequest",
}
RESPONSES = ("NewSessionResponse PromptResponse RequestPermissionResponse ReadTextFileResponse TerminalOutputResponse").split()


def kinds() -> dict[str, Node]:
    """By name, what may be sent."""
    leaves = Leaves("acp", shown={"_meta": 0, "annotations": 0, "PromptRequest._meta": 0.3, "NewSessionResponse._meta": 0.2})
    definitions = json.loads(PACKAGE.text("schema/schema.json"))["$defs"]
    schemas = JsonSchemas(leaves, definitions)
    asked, answered = (
        Field(Number(number)) for number in (lambda world: world.asked("acp"), lambda world: world.answered("acp"))
    )
    found: dict[str, Node] = {}
    for update in definitions["SessionUpdate"]["oneOf"]:
        name = update["properties"]["sessionUpdate"]["const"]
        told = schemas.record(update, name, name)
        assert isinstance(told, Record)
        told.fields["sessionUpdate"] = Field(Constant(name, tag=True))
        session = Field(leaves.string("SessionId", "sessionId"))
        found[name] = _call("session/update", Record({"sessionId": session, "update": Field(told)}), {})
    cancelled = schemas.named("CancelNotification")
    found["session/cancel"] = _call("session/cancel", cancelled, {})
    for method, name in REQUESTS.items():
        found[f"{method} asked"] = _call(method, schemas.named(name), {"id": asked})
    for name in RESPONSES:
        found[name] = Record({"jsonrpc": Field(Constant("2.0")), "id": answered, "result": Field(schemas.named(name))})
    error = Record(
        {"code": Field(leaves.enumeration("code", [-32603, -32601, -32000])), "message": Field(leaves.string("e", "message"))}
    )
    error.fields["data"] = Field(FreeRecord(), 0.4)
    found["failed"] = Record({"jsonrpc": Field(Constant("2.0")), "id": answered, "error": Field(error)})
    return found


def _call(method: str, parameters: Node, before: dict[str, Field]) -> Node:
    envelope = {"jsonrpc": Field(Constant("2.0")), **before, "method": Field(Constant(method, tag=True))}
    return Record({**envelope, "params": Field(parameters)})
