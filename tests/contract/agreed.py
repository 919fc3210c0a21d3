"""Contracts and messages as the tests of this room write them down: documents as Python objects, payloads as text."""

from __future__ import annotations

import json
from typing import Any

from wsobserve.config import Limits
from wsobserve.contract.asyncapi import Perspective, asyncapi_contract, is_asyncapi
from wsobserve.contract.fold import ContractFold
from wsobserve.contract.json_schemas import schemas_contract
from wsobserve.contract.sources import Sources
from wsobserve.contract.terms import Contract
from wsobserve.records import CLIENT_TO_SERVER, SERVER_TO_CLIENT, ChannelMessage, Direction, Half, Message

ADDRESS = "file:///agreed/main.yaml"
TEXT, BINARY = 1, 2
UP, DOWN = CLIENT_TO_SERVER, SERVER_TO_CLIENT


def contract_of(document: object, perspective: Perspective = "server") -> tuple[Contract, Sources]:
    sources = Sources({ADDRESS: document})
    if is_asyncapi(document):
        return asyncapi_contract(sources, ADDRESS, perspective), sources
    return schemas_contract(sources, [ADDRESS]), sources


def fold_of(document: object, perspective: Perspective = "server", limits: Limits | None = None) -> ContractFold:
    return ContractFold(*contract_of(document, perspective), limits or Limits())


def said(
    payload: str | bytes | Any,
    channel: str = "/x",
    direction: Direction | None = DOWN,
    *,
    packet: int = 1,
    connection: str = "c",
    name: str | None = None,
    form: str | None = None,
    body: object = None,
    structure: str = "",
    undecoded: str | None = None,
    route: str | None = "",
) -> ChannelMessage:
    """A message on a channel; anything but text and bytes is written as JSON."""
    given = payload
    if not isinstance(payload, str | bytes):
        payload = json.dumps(payload)
        form, body = form or "json", given if not structure else None
    data = payload.encode("utf-8", "surrogatepass") if isinstance(payload, str) else payload
    half = Half(
        connection=connection, source="a", destination="b", client="10.0.0.1:4", server="10.0.0.2:80", direction=direction
    )
    message = Message(
        half, packet * 1_000, packet, 0, BINARY if isinstance(given, bytes) else TEXT, 1, False, len(data), len(data),
        undecoded is None, True, data, undecoded, len(data),  # type: ignore[arg-type]  # one of the reasons
    )  # fmt: skip
    return ChannelMessage(
        message=message,
        format=form or ("undecoded" if undecoded else "text" if isinstance(given, str) else "binary"),
        channel=channel,
        route=channel if route == "" else route,
        name=name,
        body=body,
        structure=structure,
        length=len(data),
    )


# A market feed in AsyncAPI 3, with a discriminator at the top and one inside, and shared definitions.
MARKET = {
    "asyncapi": "3.0.0",
    "info": {"title": "Market", "version": "1"},
    "servers": {"production": {"host": "market.example", "pathname": "/ws", "protocol": "wss"}},
    "channels": {
        "trades": {
            "address": "/{symbol}@trade",
            "messages": {"trade": {"$ref": "#/components/messages/trade"}},
        },
        "control": {
            "address": "/",
            "messages": {
                "subscribe": {"payload": {"$ref": "#/components/schemas/Subscribe"}},
                "ack": {
                    "payload": {
                        "type": "object",
                        "required": ["result", "id"],
                        "properties": {"result": {"const": None}, "id": {"type": "integer"}},
                        "additionalProperties": False,
                    }
                },
                "error": {
                    "payload": {
                        "type": "object",
                        "required": ["error"],
                        "properties": {
                            "error": {"type": "object", "required": ["code"], "properties": {"code": {"type": "integer"}}},
                            "id": {"type": "integer"},
                        },
                        "additionalProperties": False,
                    }
                },
            },
        },
    },
    "operations": {
        "sendTrades": {"action": "send", "channel": {"$ref": "#/channels/trades"}},
        "onSubscribe": {
            "action": "receive",
            "channel": {"$ref": "#/channels/control"},
            "messages": [{"$ref": "#/channels/control/messages/subscribe"}],
            "reply": {
                "messages": [
                    {"$ref": "#/channels/control/messages/ack"},
                    {"$ref": "#/channels/control/messages/error"},
                ]
            },
        },
    },
    "components": {
        "messages": {"trade": {"contentType": "application/json", "payload": {"$ref": "#/components/schemas/Trade"}}},
        "schemas": {
            "Price": {"type": "string", "pattern": r"^[0-9]+\.[0-9]+$"},
            "Trade": {
                "type": "object",
                "required": ["e", "s", "p", "side"],
                "properties": {
                    "e": {"const": "trade"},
                    "s": {"type": "string"},
                    "p": {"$ref": "#/components/schemas/Price"},
                    "side": {"enum": ["buy", "sell"]},
                    "note": {"type": "string"},
                },
                "additionalProperties": False,
            },
            "Subscribe": {
                "type": "object",
                "required": ["method", "params"],
                "properties": {
                    "method": {"enum": ["SUBSCRIBE", "UNSUBSCRIBE"]},
                    "params": {"type": "array", "items": {"type": "string"}},
                    "id": {"type": "integer"},
                },
            },
        },
    },
}
TRADE = {"e": "trade", "s": "BTCUSDT", "p": "1.50", "side": "buy"}

# A chat in AsyncAPI 2.6.
CHAT = {
    "asyncapi": "2.6.0",
    "info": {"title": "Chat", "version": "1"},
    "servers": {"production": {"url": "wss://{host}/v1", "protocol": "wss", "variables": {"host": {}}}},
    "channels": {
        "/rooms/{room}": {
            "publish": {"operationId": "say", "message": {"$ref": "#/components/messages/say"}},
            "subscribe": {
                "operationId": "hear",
                "message": {
                    "oneOf": [
                        {"$ref": "#/components/messages/said"},
                        {
                            "name": "joined",
                            "payload": {"type": "object", "required": ["type"], "properties": {"type": {"const": "joined"}}},
                        },
                    ]
                },
            },
        }
    },
    "components": {
        "messages": {
            "say": {"payload": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}},
            "said": {
                "payload": {
                    "type": "object",
                    "required": ["type", "text", "by"],
                    "properties": {
                        "type": {"const": "said"},
                        "text": {"type": "string"},
                        "by": {"type": "string", "format": "uuid"},
                    },
                }
            },
        }
    },
}
