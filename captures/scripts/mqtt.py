"""A greenhouse on MQTT over WebSocket: mosquitto as the broker, paho-mqtt as sensors, a controller and a display.

Topics with values in JSON, plain numbers and bytes; quality of service 0, 1 and 2; retained messages, a last will.
The broker does not log WebSocket messages: the clients' word is taken for both directions. The hooks sit where paho
hands a payload to its WebSocket, and where it has got a whole one from it.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import threading
import time
from typing import Any

import paho.mqtt
import paho.mqtt.client as mqtt
from application_log import ApplicationLog, endpoint
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

SERVER = ("127.0.0.1", 8097)
LOG = ApplicationLog("client")


class LoggedWebSocket(mqtt._WebsocketWrapper):
    """paho's WebSocket, telling the log what goes in and out. Each instance belongs to one client and its thread."""

    def __init__(self, socket: Any, host: str, port: int, is_ssl: bool, path: str, extra_headers: Any) -> None:
        self.names = (endpoint(socket.getsockname()), endpoint(socket.getpeername()))
        self.part = b""
        self.closed = False
        super().__init__(socket, host, port, is_ssl, path, extra_headers)
        # paho does not hand out the response; the recording fails if it did not switch protocols.
        LOG.handshake(*self.names, path, 101, {"Sec-WebSocket-Protocol": "mqtt"})

    def _create_frame(self, opcode: int, data: bytearray, do_masking: int = 1) -> bytearray:
        if opcode == self.OPCODE_BINARY:
            LOG.sent(*self.names, bytes(data))
        return super()._create_frame(opcode, data, do_masking)

    def _recv_impl(self, length: int) -> bytes:
        part = super()._recv_impl(length)
        self.part += part
        if self.part and self._payload_head == 0:
            LOG.received(*self.names, self.part)
            self.part = b""
        return part

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            LOG.close(*self.names, 1006)  # paho ends the TCP connection without a closing handshake
        super().close()


mqtt._WebsocketWrapper = LoggedWebSocket  # type: ignore[misc]


def client(
    name: str, *, version: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv311, will: tuple[str, str] | None = None
) -> tuple[mqtt.Client, list[str]]:
    """A connected client, and the topics of the messages that it has received."""
    made = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name, transport="websockets", protocol=version)
    made.ws_set_options(path="/mqtt")
    if will is not None:
        made.will_set(*will, qos=1, retain=True)
    topics: list[str] = []
    connected = threading.Event()
    made.on_connect = lambda *_: connected.set()
    made.on_message = lambda _client, _data, message: topics.append(message.topic)
    made.connect(*SERVER, keepalive=2)
    made.loop_start()
    if not connected.wait(5):
        raise RuntimeError(f"{name} did not connect")
    return made, topics


def sensor(house: int, seed: int) -> None:
    """Publishes what it measures."""
    chance = random.Random(seed)
    made, _ = client(f"sensor-{house}", will=(f"greenhouse/{house}/online", "no"))
    made.publish(f"greenhouse/{house}/online", "yes", qos=1, retain=True).wait_for_publish(5)
    for number in range(20):
        made.publish(f"greenhouse/{house}/temperature", f"{chance.gauss(24, 1):.1f}")
        if number % 3 == 0:
            reading = {
                "n": number,
                "soil": [{"bed": bed, "moisture": round(chance.uniform(0.2, 0.6), 3)} for bed in range(1, 4)],
                "air": {"humidity": chance.randrange(55, 80), "co2": chance.choice([None, 610, 640])},
            }
            made.publish(f"greenhouse/{house}/climate", json.dumps(reading), qos=1)
        if number == 10:
            made.publish(f"greenhouse/{house}/picture", chance.randbytes(5000), qos=2)
        time.sleep(0.09)
    time.sleep(0.5)
    made.disconnect()
    made.loop_stop()


def controller(version: MQTTProtocolVersion) -> None:
    """Listens to the climate, sets the valves, changes its mind about a topic, is silent until it must ping."""
    made, topics = client("controller", version=version)
    made.subscribe([("greenhouse/+/climate", 1), ("greenhouse/+/online", 1), ("valve/#", 0)])
    for turn in range(6):
        time.sleep(0.25)
        command = {"valve": turn % 3, "open": turn % 2 == 0, "for": {"minutes": 5 + turn}, "because": topics[-1:]}
        made.publish(f"valve/{turn % 3}/set", json.dumps(command), qos=2)
    made.unsubscribe("valve/#")
    time.sleep(2.6)
    made.disconnect()
    made.loop_stop()


def display() -> None:
    """Sees everything, pictures too."""
    made, _ = client("display", version=MQTTProtocolVersion.MQTTv5)
    made.subscribe("greenhouse/#", qos=2)
    time.sleep(3.0)
    made.disconnect()
    made.loop_stop()


def main() -> None:
    help_text = subprocess.run(["mosquitto", "-h"], capture_output=True, text=True).stdout
    version = re.search(r"mosquitto version (\S+)", help_text)
    LOG.software(**{"paho-mqtt": paho.mqtt.__version__, "mosquitto": version[1] if version else "unknown"})
    work = [
        threading.Thread(target=display),
        threading.Thread(target=controller, args=(MQTTProtocolVersion.MQTTv311,)),
        *(threading.Thread(target=sensor, args=(house, house)) for house in (1, 2)),
    ]
    for thread in work:
        thread.start()
        time.sleep(0.1)
    for thread in work:
        thread.join()


if __name__ == "__main__":
    main()
