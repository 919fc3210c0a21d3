"""obs-websocket 5: a studio program and those who control it.

In: the interfaces of the client library, which are generated from the protocol's description. Out: kinds of message. `op` tells
the sort of message; for most sorts `d.eventType` or `d.requestType` tells the rest.
"""

from __future__ import annotations

import re

from tests.schema_benchmark.specifications.leaves import Leaves
from tests.schema_benchmark.specifications.nodes import (
    Boolean,
    Constant,
    Enumeration,
    Field,
    Free,
    FreeRecord,
    Node,
    Number,
    Record,
    Repeated,
    Text,
)
from tests.schema_benchmark.specifications.packages import Package

PACKAGE = Package("npm", "obs-websocket-js", "5.0.8", "MIT")
MEMBER = "dist/base-BBN0PZdy.d.ts"
EVENTS = (
    "SceneItemTransformChanged CurrentProgramSceneChanged InputVolumeChanged InputMuteStateChanged SceneItemEnableStateChanged "
    "StreamStateChanged SourceFilterEnableStateChanged SceneNameChanged MediaInputPlaybackEnded VendorEvent CustomEvent"
).split()
REQUESTS = (
    "SetCurrentProgramScene GetSceneItemList SetInputVolume CreateInput TriggerHotkeyByKeySequence SetSceneItemEnabled".split()
)
RESPONSES = "GetSceneItemList GetStats GetStreamStatus GetInputVolume GetVersion".split()
FIELD = re.compile(r"^        (\w+)(\??): (.+);$")
ENTRY = re.compile(r"^    (\w+): (?:\{|\w+;)$")


def kinds() -> dict[str, Node]:
    """By name, what may be sent."""
    interfaces = _interfaces(PACKAGE.text(MEMBER))
    leaves = Leaves("obs")
    asked = Field(Text(lambda world: world.again("request", world.uuid, 1), {"format": "uuid"}))
    found: dict[str, Node] = {}
    for name in EVENTS:
        intent = Field(Constant(1 << leaves.chance("intent", name).randrange(6)))
        data = {"eventData": Field(_record(leaves, name, interfaces["OBSEventTypes"][name]))}
        found[f"{name} told"] = _message(5, {"eventType": Field(Constant(name, tag=True)), "eventIntent": intent, **data})
    for name in REQUESTS:
        data = {"requestData": Field(_record(leaves, f"{name} asked", interfaces["OBSRequestTypes"][name]))}
        found[f"{name} asked"] = _message(6, {"requestType": Field(Constant(name, tag=True)), "requestId": asked, **data})
    done = Field(Record({"result": Field(Constant(True)), "code": Field(Constant(100))}))
    for name in RESPONSES:
        data = {"responseData": Field(_record(leaves, f"{name} answered", interfaces["OBSResponseTypes"][name]))}
        tags = {"requestType": Field(Constant(name, tag=True)), "requestId": asked, "requestStatus": done}
        found[f"{name} answered"] = _message(7, {**tags, **data})
    failed = {"result": Field(Constant(False)), "code": Field(Enumeration([600, 604, 203]))}
    status = Field(Record({**failed, "comment": Field(leaves.string("failed", "comment"))}))
    request = Field(leaves.enumeration("requests that fail", ["RemoveScene", "GetSourceScreenshot", "SetInputName"]))
    found["failed"] = _message(7, {"requestType": request, "requestId": asked, "requestStatus": status})
    version = {"obsWebSocketVersion": Field(Enumeration(["5.0.1", "5.1.0"])), "rpcVersion": Field(Constant(1))}
    found["hello"] = _message(0, version)
    found["identified"] = _message(2, {"negotiatedRpcVersion": Field(Constant(1))})
    return found


def _message(code: int, data: dict[str, Field]) -> Node:
    return Record({"op": Field(Constant(code, tag=True)), "d": Field(Record(data))})


def _interfaces(text: str) -> dict[str, dict[str, list[tuple[str, bool, str]]]]:
    """By interface and entry: fields, whether they are optional, and their types."""
    found: dict[str, dict[str, list[tuple[str, bool, str]]]] = {}
    interface: dict[str, list[tuple[str, bool, str]]] = {}
    entry: list[tuple[str, bool, str]] = []
    for line in text.splitlines():
        if start := re.match(r"interface (\w+) \{", line):
            interface = found[start[1]] = {}
        elif start := ENTRY.match(line):
            entry = interface[start[1]] = []
        elif (inner := FIELD.match(line)) and not line.endswith("{"):
            entry.append((inner[1], bool(inner[2]), inner[3]))
    return found


def _record(leaves: Leaves, record: str, entry: list[tuple[str, bool, str]]) -> Record:
    fields: dict[str, Field] = {}
    for name, optional, kind in entry:
        presence = leaves.presence(record, name) if optional else 1.0
        if presence:
            fields[name] = Field(_node(leaves, record, name, kind), presence)
    return Record(fields)


def _node(leaves: Leaves, record: str, field: str, kind: str) -> Node:
    if kind.endswith("[]"):
        return Repeated(_node(leaves, record, field.removesuffix("s"), kind.removesuffix("[]")))
    match kind:
        case "string":
            return leaves.string(record, field)
        case "number" if field.endswith(("Id", "Index", "Frames", "Version", "Bytes", "Duration", "Cursor", "code")):
            return leaves.integer(record, field)
        case "number":
            return leaves.number(record, field)
        case "boolean":
            return leaves.boolean(record, field)
        case "true" | "false":
            return Constant(kind == "true")
        case "JsonObject":
            return _item(leaves, field)
        case "JsonValue":
            return Free()
    raise ValueError(f"{record}.{field}: {kind}")


def _item(leaves: Leaves, field: str) -> Node:
    """Objects that the interfaces leave open; two of them are known from the protocol's document."""
    if field == "sceneItemTransform":
        names = ("positionX", "positionY", "rotation", "scaleX", "scaleY", "width", "height")
        numbers = {name: Field(leaves.number(field, name)) for name in names}
        return Record({**numbers, "boundsType": Field(leaves.enumeration("bounds", ["OBS_BOUNDS_NONE", "OBS_BOUNDS_STRETCH"]))})
    if field == "sceneItem":
        number = Field(Number(lambda world: world.size(9)))
        name = Field(leaves.string("item", "sourceName"))
        return Record({"sceneItemId": number, "sourceName": name, "sceneItemEnabled": Field(Boolean(0.8))})
    return FreeRecord()
