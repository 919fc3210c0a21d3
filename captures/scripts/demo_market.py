"""The invented market of the recording `demo`: prices that wander, and what is told about them."""

from __future__ import annotations

import random
from typing import Any

PRICES = {"ALFA": 187.42, "BRIO": 42.18, "CIRO": 903.5, "DELT": 12.07, "ECHO": 311.0, "FYRA": 76.9}


class Market:
    """Prices that wander, an order book around them, and numbers for trades and orders."""

    def __init__(self) -> None:
        self.random = random.Random(20)
        self.prices = dict(PRICES)
        self.sequence = 0

    def number(self) -> int:
        self.sequence += 1
        return self.sequence

    def price(self, symbol: str) -> float:
        self.prices[symbol] = round(self.prices[symbol] * (1 + self.random.gauss(0, 0.0004)), 2)
        return self.prices[symbol]

    def quote(self, symbol: str) -> dict[str, Any]:
        price = self.price(symbol)
        return {
            "type": "quote",
            "symbol": symbol,
            "bid": round(price - 0.01, 2),
            "ask": round(price + 0.02, 2),
            "bid_size": self.random.randrange(1, 90) * 10,
            "ask_size": self.random.randrange(1, 90) * 10,
            "seq": self.number(),
        }

    def trade(self, symbol: str) -> dict[str, Any]:
        trade: dict[str, Any] = {
            "type": "trade",
            "symbol": symbol,
            "id": f"T{self.number():06d}",
            "price": self.price(symbol),
            "quantity": self.random.choice([1, 5, 10, 25, 100, 250]),
            "side": self.random.choice(["buy", "sell"]),
        }
        if self.random.random() < 0.2:
            trade["conditions"] = self.random.sample(["odd_lot", "cross", "late"], 2)
        return trade

    def orderbook(self, symbol: str, depth: int) -> dict[str, Any]:
        price = self.price(symbol)
        return {
            "type": "orderbook",
            "symbol": symbol,
            "seq": self.number(),
            "bids": [[round(price - 0.01 * step, 2), self.random.randrange(1, 50) * 10] for step in range(1, depth + 1)],
            "asks": [[round(price + 0.01 * step, 2), self.random.randrange(1, 50) * 10] for step in range(1, depth + 1)],
            "venue": {"code": self.random.choice(["XDEM", "XTST"]), "latency_us": self.random.randrange(80, 900)},
        }
