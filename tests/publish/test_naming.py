"""Names that people can read and programs can use, the same in every run."""

from __future__ import annotations

import pytest

from wsobserve.publish.naming import free_name, pascal_case, place_names, singular


@pytest.mark.parametrize(
    ("many", "one"),
    [
        ("prices", "price"),
        ("entries", "entry"),
        ("bid_prices", "bid_price"),
        ("openOrders", "openOrder"),
        ("boxes", "box"),
        ("matches", "match"),
        ("addresses", "address"),
        ("cases", "case"),
        ("children", "child"),
        ("subChildren", "subChild"),
        ("status", "status"),
        ("address", "address"),
        ("analysis", "analysis"),
        ("news", "news"),
        ("movies", "movie"),
        ("bids", "bid"),
        ("data", "data"),
        ("", ""),
        ("42", "42"),
    ],
)
def test_one_of_many(many: str, one: str) -> None:
    assert singular(many) == one


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("price_levels", "PriceLevels"),
        ("priceLevels", "PriceLevels"),
        ("HTTPServer", "HttpServer"),
        ("next.priceChanged", "NextPriceChanged"),
        ("24h_ticker", "N24HTicker"),
        ("größe", "Größe"),
        ("!!", ""),
        ("x" * 99, "X" + "x" * 47),
    ],
)
def test_names_in_pascal_case_are_identifiers(text: str, name: str) -> None:
    assert pascal_case(text) == name
    assert not name or name.isidentifier()


def test_a_place_is_named_by_its_field_then_by_what_is_around_it() -> None:
    path = [("properties", "data"), ("properties", "trades"), ("items", ""), ("anyOf", "0")]
    assert place_names("update", path) == ["Trade", "DataTrade", "UpdateDataTrade"]
    assert place_names("update", []) == ["Update"]
    assert place_names("update", [("items", "")]) == ["UpdateItem"]
    assert place_names("", [("properties", "?")]) == ["Structure"]


def test_a_name_that_is_taken_in_other_capitals_is_taken() -> None:
    assert free_name(["Price", "DataPrice"], {"PRICE"}) == "DataPrice"
    assert free_name(["Price"], {"Price", "price2"}) == "Price3"
