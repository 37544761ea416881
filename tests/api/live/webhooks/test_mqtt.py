"""Events for an MQTT broker: Debian's Mosquitto, with users."""

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from api.errors import Refused
from api.live.webhooks import WebhookRequest
from api.live.webhooks.mqtt import Broker, MqttPublisher, read_broker
from tests.api.live.webhooks.outbox import SECRET, Outbox
from tests.matcher.live.sources import wait_until
from tests.stream.peers.cameras import free_port

PATH = "/usr/sbin:/usr/bin"
CONFIGURATION = """
listener {port} 127.0.0.1
allow_anonymous false
password_file {folder}/users
acl_file {folder}/rights
user root
"""


class Mosquitto:
    """A broker that lets `till` publish below shop/ alone."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        folder.mkdir()
        make = shutil.which("mosquitto_passwd", path=PATH)
        command = shutil.which("mosquitto", path=PATH)
        if make is None or command is None:
            pytest.fail("there is no Mosquitto; run scripts/test-peers")
        self._command = command
        subprocess.run([make, "-b", "-c", folder / "users", "till", SECRET], check=True)
        (folder / "rights").write_text("user till\ntopic readwrite shop/#\n")
        text = CONFIGURATION.format(port=self.port, folder=folder)
        (folder / "mosquitto.conf").write_text(text)
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, topic: str = "shop/events") -> str:
        return f"mqtt://till@127.0.0.1:{self.port}/{topic}"

    def start(self) -> None:
        arguments = [self._command, "-c", str(self._folder / "mosquitto.conf")]
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(arguments, stdout=quiet, stderr=quiet)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path / "broker")
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    outbox = Outbox(tmp_path / "outbox")
    yield outbox
    outbox.close()


@pytest.fixture
def heard(broker: Mosquitto) -> Iterator["Queue[MQTTMessage]"]:
    """The messages of a subscriber to everything below shop/."""
    messages: Queue[MQTTMessage] = Queue()
    listening: Queue[None] = Queue()
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
    client.username_pw_set("till", SECRET)

    def on_connect(*_: object) -> None:
        client.subscribe("shop/#", qos=1)

    client.on_connect = on_connect
    client.on_subscribe = lambda *_: listening.put(None)
    client.on_message = lambda _client, _data, message: messages.put(message)
    wait_until(lambda: _connected(client, broker.port))
    client.loop_start()
    listening.get(timeout=10)
    yield messages
    client.disconnect()
    client.loop_stop()


def _connected(client: Client, port: int) -> bool:
    try:
        client.connect("127.0.0.1", port)
    except OSError:
        return False
    return True


def test_events_are_published_in_order_with_their_numbers(
    outbox: Outbox, broker: Mosquitto, heard: "Queue[MQTTMessage]"
) -> None:
    outbox.deliverer.add(WebhookRequest("till", broker.url(), SECRET))
    outbox.log_events("entered", "confirmed", "left")
    messages = [heard.get(timeout=10) for _ in range(3)]
    assert [json.loads(message.payload)["event"] for message in messages] == [
        "entered",
        "confirmed",
        "left",
    ]
    assert {message.topic for message in messages} == {"shop/events"}
    headers: list[dict[str, str]] = [
        dict(_properties(message).UserProperty) for message in messages
    ]
    assert [pairs["Skulens-Event-Number"] for pairs in headers] == ["1", "2", "3"]
    assert headers[0]["Skulens-Signature"].startswith("t=")
    assert _properties(messages[0]).ContentType == "application/json"


def _properties(message: MQTTMessage) -> Any:
    return message.properties


def test_a_broker_that_is_away_is_one_sentence_and_gets_the_next_message(
    broker: Mosquitto,
) -> None:
    publisher = MqttPublisher()
    wait_until(lambda: publisher(broker.url(), b"{}", {}, SECRET) == "")
    broker.stop()
    assert publisher(broker.url(), b"{}", {}, SECRET).startswith("the broker could not be reached")
    broker.start()
    wait_until(lambda: publisher(broker.url(), b"{}", {}, SECRET) == "")


def test_a_wrong_password_and_a_topic_without_right_become_dead_letters(
    outbox: Outbox, broker: Mosquitto, heard: "Queue[MQTTMessage]"
) -> None:
    outbox.deliverer.add(WebhookRequest("wrong", broker.url(), "a password that is wrong"))
    outbox.deliverer.add(WebhookRequest("elsewhere", broker.url("bank/events"), SECRET))
    outbox.log_events("left")
    wait_until(lambda: len(outbox.dead_letters()) == 2)
    reasons = {webhook: reason for webhook, _, _, reason in outbox.dead_letters()}
    assert reasons["wrong"].startswith("The broker refused the connection (Not authorized)")
    assert reasons["elsewhere"].startswith("The broker refused the message (Not authorized)")
    assert heard.empty()


def test_a_broker_that_never_answers_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.live.webhooks.mqtt.ANSWER_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"mqtt://127.0.0.1:{silent.getsockname()[1]}/x"
        assert MqttPublisher()(url, b"{}", {}, "") == "the broker did not answer in time"


def test_an_address_is_read_to_its_parts() -> None:
    assert read_broker("mqtt://host/a/b") == Broker("host", 1883, False, "", "a/b")
    assert read_broker("mqtts://me@host:1/a%20b") == Broker("host", 1, True, "me", "a b")


@pytest.mark.parametrize(
    "url",
    [
        "mqtt:///topic",
        "mqtt://host",
        "mqtt://host/",
        "mqtt://host/a/#",
        "mqtt://host/a/+/b",
        "mqtt://host/$SYS",
        "mqtt://host/a?b=c",
        "mqtt://user:geheim@host/topic",
    ],
)
def test_an_address_that_cannot_be_is_refused(outbox: Outbox, url: str) -> None:
    with pytest.raises(Refused, match="broker's address") as refused:
        outbox.deliverer.add(WebhookRequest("x", url, SECRET))
    assert "geheim" not in str(refused.value)


def test_a_broker_that_the_service_forbids_is_not_reached() -> None:
    publisher = MqttPublisher(allow=lambda _: "it is in a network that is not allowed")
    assert "not allowed" in publisher("mqtt://127.0.0.1:9/x", b"{}", {}, "")
