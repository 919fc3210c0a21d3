"""Servers: by the host that clients ask for, with the addresses behind it."""

from __future__ import annotations

from tests.publish.snapshots import SERVER, a_route
from wsobserve.publish.asyncapi_servers import Servers
from wsobserve.records import SeriesTotal


def a_series(server: str | None, route: str | None = "/chat") -> SeriesTotal:
    return SeriesTotal(server=server, route=route, subprotocol=None, channel="c", direction=None, name=None)


def test_a_server_is_the_host_that_was_asked_for() -> None:
    servers = Servers([a_route(refused=1, origins={"https": 2}), a_route("/admin", refused=2, accepted=0)], [])
    [(name, server)] = servers.objects().items()
    assert name == "chat-example"
    assert {key: server[key] for key in ("host", "protocol", "protocolVersion")} == {
        "host": "chat.example",
        "protocol": "ws",
        "protocolVersion": "13",
    }
    assert "Seen at `10.0.0.2:80`." in server["description"]
    assert "4 handshakes accepted, 3 refused, 0 never answered." in server["description"]
    assert "Refused: `/admin` (2) and `/chat` (1)." in server["description"]
    assert "likely `wss`" in server["description"]


def test_without_a_host_it_is_its_address() -> None:
    servers = Servers([a_route(host=None, versions={}), a_route(host="***")], [a_series("[::1]:80", None), a_series(None)])
    assert [server["host"] for server in servers.objects().values()] == [SERVER, "[::1]:80"]
    assert "protocolVersion" not in servers.objects()["1-80"]


def test_several_addresses_of_one_host_are_one_server() -> None:
    servers = Servers([a_route(), a_route(server="10.0.0.3:80")], [a_series("10.0.0.3:80")])
    [server] = servers.objects().values()
    assert server["description"].startswith("Seen at `10.0.0.2:80` and `10.0.0.3:80`.")


def test_a_channel_is_on_the_servers_of_its_routes() -> None:
    servers = Servers([a_route("/a", host="a.example"), a_route("/b", host="b.example")], [a_series("10.0.0.9:80", None)])
    assert servers.of_channel([(SERVER, "/a")]) == ("a-example",)
    assert servers.of_channel([(SERVER, None)]) == ("a-example", "b-example")
    assert servers.of_channel([("10.0.0.9:80", None), (None, "/a")]) == ("10-0-0-9-80",)
    assert servers.of_channel([]) == ()


def test_hosts_that_look_alike_stay_apart() -> None:
    servers = Servers([a_route(host="a.b"), a_route(host="a-b"), a_route(host="::")], [])
    assert list(servers.objects()) == ["server", "a-b", "a-b-2"]
