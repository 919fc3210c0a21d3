"""The Open Charge Point Protocol 2.0.1: charging stations and the system that manages them.

In: a JSON Schema for each request and response. Out: kinds of message. The envelope is positional: [2, id, action, request],
[3, id, response], [4, id, code, description, details].
"""

from __future__ import annotations

import json

from tests.schema_benchmark.specifications.json_schemas import JsonSchemas
from tests.schema_benchmark.specifications.leaves import Leaves
from tests.schema_benchmark.specifications.nodes import Constant, FreeRecord, Node, Positions, Text
from tests.schema_benchmark.specifications.packages import Package

PACKAGE = Package("pypi", "ocpp", "2.1.0", "MIT")
FOLDER = "ocpp/v201/schemas"
CALLS = (
    "Heartbeat StatusNotification MeterValues TransactionEvent Authorize BootNotification NotifyEvent "
    "SetVariables RequestStartTransaction"
).split()
RESULTS = "Heartbeat TransactionEvent BootNotification SetVariables".split()
FAILURES = ["FormationViolation", "InternalError", "NotSupported", "SecurityError", "GenericError", "ProtocolError"]


def kinds() -> dict[str, Node]:
    """By name, what may be sent."""
    leaves = Leaves(
        "ocpp", shown={"customData": 0, "TransactionEventRequest.customData": 0.2, "StatusNotificationRequest.customData": 0.3}
    )
    asked = Text(lambda world: str(world.asked("ocpp")), {"pattern": "^[0-9]+$"})
    answered = Text(lambda world: str(world.answered("ocpp")), {"pattern": "^[0-9]+$"})
    found: dict[str, Node] = {}
    for action in CALLS:
        tags = [Constant(2, tag=True), asked, Constant(action, tag=True)]
        found[f"{action} asked"] = Positions([*tags, _payload(leaves, f"{action}Request")])
    for action in RESULTS:
        found[f"{action} answered"] = Positions([Constant(3, tag=True), answered, _payload(leaves, f"{action}Response")])
    found["done"] = Positions([Constant(3, tag=True), answered, _payload(leaves, "MeterValuesResponse")])
    described = leaves.string("error", "description")
    code = leaves.enumeration("error code", list(FAILURES))
    found["failed"] = Positions([Constant(4, tag=True), answered, code, described, FreeRecord()])
    return found


def _payload(leaves: Leaves, name: str) -> Node:
    schema = json.loads(PACKAGE.text(f"{FOLDER}/{name}.json").removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}"))
    return JsonSchemas(leaves, schema.get("definitions", {})).record(schema, name, name)
