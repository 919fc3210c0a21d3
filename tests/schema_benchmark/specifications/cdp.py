"""The Chrome DevTools Protocol: what a browser and a debugger say to each other about a page.

In: the protocol's own description in JSON. Out: kinds of message. Commands and their results share `id`; an event has none.
"""

from __future__ import annotations

import json
from typing import Any

from tests.schema_benchmark.specifications.leaves import Leaves
from tests.schema_benchmark.specifications.nodes import (
    Constant,
    Field,
    Free,
    FreeRecord,
    Map,
    Named,
    Node,
    Number,
    Record,
    Repeated,
    Text,
)
from tests.schema_benchmark.specifications.packages import Package
from tests.schema_benchmark.specifications.world import World

PACKAGE = Package("npm", "devtools-protocol", "0.0.1734725", "BSD-3-Clause")
EVENTS = (
    "Network.requestWillBeSent Network.responseReceived Network.dataReceived "
    "Network.requestWillBeSentExtraInfo Runtime.consoleAPICalled Runtime.exceptionThrown "
    "Page.frameNavigated Page.lifecycleEvent DOM.setChildNodes DOM.attributeModified Debugger.scriptParsed Log.entryAdded"
).split()
COMMANDS = ("Runtime.evaluate", "Page.navigate")
RESULTS = ("Runtime.evaluate", "DOM.getDocument")


def kinds() -> dict[str, Node]:
    """By name, what may be sent."""
    domains: dict[str, Any] = {}
    for member in ("json/js_protocol.json", "json/browser_protocol.json"):
        domains |= {domain["domain"]: domain for domain in json.loads(PACKAGE.text(member))["domains"]}
    return _Devtools(domains).kinds()


class _Devtools:
    """The description has a form of its own: types in domains, properties with `optional`."""

    def __init__(self, domains: dict[str, Any]) -> None:
        self._domains = domains
        self._leaves = Leaves("cdp")
        self._named: dict[str, Named] = {}

    def kinds(self) -> dict[str, Node]:
        found: dict[str, Node] = {}
        for name in EVENTS:
            parameters = self._record(self._entry("events", name).get("parameters", []), name)
            found[name] = self._envelope({"method": Field(Constant(name, tag=True)), "params": Field(parameters)})
        asked = Field(Number(lambda world: world.asked("cdp")))
        answered = Field(Number(lambda world: world.answered("cdp")))
        for name in COMMANDS:
            parameters = self._record(self._entry("commands", name).get("parameters", []), name)
            method = {"id": asked, "method": Field(Constant(name, tag=True)), "params": Field(parameters)}
            found[f"{name} asked"] = self._envelope(method)
        for name in RESULTS:
            result = self._record(self._entry("commands", name)["returns"], f"{name} result")
            found[f"{name} answered"] = self._envelope({"id": answered, "result": Field(result)})
        found["done"] = self._envelope({"id": answered, "result": Field(Record({}))})
        codes = Field(self._leaves.enumeration("code", [-32000, -32601, -32602]))
        error = Record({"code": codes, "message": Field(self._leaves.string("error", "message"))})
        found["failed"] = self._envelope({"id": answered, "error": Field(error)})
        return found

    def _envelope(self, fields: dict[str, Field]) -> Node:
        """With the session that it belongs to, when it is one of several."""
        session = Text(lambda world: world.again("session", lambda: world.hexadecimal(32), 0.02), {"pattern": "^[0-9A-F]{32}$"})
        return Record({**fields, "sessionId": Field(session, 0.6)})

    def _entry(self, sort: str, name: str) -> Any:
        domain, _, short = name.partition(".")
        return next(entry for entry in self._domains[domain][sort] if entry["name"] == short)

    def _record(self, properties: list[Any], record: str) -> Node:
        fields: dict[str, Field] = {}
        for each in properties:
            presence = 1.0
            if each.get("optional"):
                presence = 0 if each.get("deprecated") else self._leaves.presence(record, each["name"])
            if presence:
                fields[each["name"]] = Field(self._node(each, record, each["name"]), presence)
        return Record(fields)

    def _node(self, described: Any, record: str, field: str) -> Node:
        leaves, domain = self._leaves, record.partition(".")[0]
        if reference := described.get("$ref"):
            return self._type(reference if "." in reference else f"{domain}.{reference}", field)
        if members := described.get("enum"):
            return leaves.enumeration(f"{record}.{field}", members)
        match described["type"]:
            case "string" | "binary":
                return leaves.string(record, field, "binary" if described["type"] == "binary" else None)
            case "integer":
                return leaves.integer(record, field)
            case "number":
                return leaves.number(record, field)
            case "boolean":
                return leaves.boolean(record, field)
            case "array":
                items = self._node(described["items"], record, field.removesuffix("s"))
                return Repeated(items, most=3)
            case "object":
                return self._record(described["properties"], record) if "properties" in described else FreeRecord()
        return Free()

    def _type(self, name: str, field: str) -> Node:
        """A named type. What stands for a string or a number is told by its field as much as by its name."""
        domain, _, short = name.partition(".")
        described = next(entry for entry in self._domains[domain]["types"] if entry["id"] == short)
        match described["type"]:
            case "object" if short == "Headers":
                return Map(World.header, Text(World.sentence, {}), most=9)
            case "object" if "properties" in described:
                if name not in self._named:
                    self._named[name] = Named(name, lambda: self._record(described["properties"], name))
                return self._named[name]
            case "number" if short in ("MonotonicTime", "TimeSinceEpoch", "Timestamp"):
                since = 0 if short == "TimeSinceEpoch" else 1_759_990_000
                return Number(lambda world: round(world.now_ms / 1000 - since, 6), whole=False)
            case "string" if "enum" in described:
                return self._leaves.enumeration(name, described["enum"])
            case "string":
                return self._leaves.string(name, short if short.endswith("Id") else field)
            case "integer":
                return self._leaves.integer(name, short if short.endswith("Id") else field)
        return self._node(described, name, field)
