"""One message to an MQTT broker, bounded in everything."""

import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Queue
from typing import Any, Final, Protocol, cast
from urllib.parse import unquote, urlsplit

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from typing_extensions import override

from stream.errors import SourceError

SCHEMES: Final = ("mqtt", "mqtts")
# As long as an HTTP receiver has.
CONNECT_S: Final = 3.0
ANSWER_S: Final = 7.0
LONGEST_TOPIC: Final = 512  # characters
_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}


class Publisher(Protocol):
    """Hands a body to a broker."""

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str], password: str) -> str:
        """Publish; empty if the broker took it, else one sentence why it did not."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where a message goes.

    Attributes:
        host: of the broker.
        port: of the broker.
        encrypted: whether TLS is spoken; the certificate is checked.
        user: empty for none; then no password is sent either.
        topic: without wildcards.
    """

    host: str
    port: int
    encrypted: bool
    user: str
    topic: str


def read_broker(url: str) -> Broker:
    """Read the broker of an address `mqtt://[user@]host[:port]/topic`, or `mqtts://…`.

    Raises:
        ValueError: it is none; the message is a clause for people, without the address.
    """
    parts = urlsplit(url)
    topic = unquote(parts.path.removeprefix("/"))
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise ValueError("it should be mqtt://host/topic or mqtts://host/topic")
    if parts.password:
        raise ValueError("it holds a password; the secret is the password of the user in it")
    if parts.query:
        raise ValueError("it has a part behind its topic")
    if not topic or len(topic) > LONGEST_TOPIC or topic.startswith("$"):
        raise ValueError("it needs a topic behind the host, which does not begin with $")
    if "#" in url or any(mark in topic for mark in "#+\0"):
        raise ValueError("its topic has a wildcard; name one topic")
    port = parts.port or _PORTS[parts.scheme]
    return Broker(
        parts.hostname, port, parts.scheme == "mqtts", unquote(parts.username or ""), topic
    )


class MqttPublisher:
    """Publishes with MQTT 5, at least once (QoS 1), each message on a connection of its own.

    Headers travel as user properties.
    """

    def __init__(
        self,
        allow: Callable[[str], str] | None = None,
        resolve: Callable[[str, int], list[str]] | None = None,
    ) -> None:
        """Make a publisher; both arguments are those of `http_sender.HttpSender`."""
        self._allow = allow
        self._resolve = resolve

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str], password: str) -> str:
        """Publish; empty if the broker said that it has the message."""
        forbidden = self._allow(url) if self._allow is not None else ""
        if forbidden:
            return forbidden
        broker = read_broker(url)
        outcome: Queue[str] = Queue()
        client = _client(broker, password, self._resolve)

        def on_connect(
            _: Client, __: object, ___: object, reason: ReasonCode, ____: object
        ) -> None:
            if reason.is_failure:
                outcome.put(f"the broker refused the connection ({reason})")
            else:
                client.publish(broker.topic, body, qos=1, properties=_properties(headers))

        def on_publish(_: Client, __: object, ___: int, reason: ReasonCode, ____: object) -> None:
            outcome.put(f"the broker refused the message ({reason})" if reason.is_failure else "")

        client.on_connect, client.on_publish = on_connect, on_publish
        try:
            client.connect(broker.host, broker.port, clean_start=True)
            client.loop_start()
            return outcome.get(timeout=ANSWER_S)
        except Empty:
            return "the broker did not answer in time"
        except SourceError as error:
            return str(error)
        except OSError as error:
            return f"the broker could not be reached ({type(error).__name__})"
        finally:
            client.disconnect()
            client.loop_stop()


class _CheckedClient(Client):
    """Connects to the address that a host was found to have, and proves the host's name by TLS."""

    resolve: Callable[[str, int], list[str]] | None = None

    @override
    def _create_socket_connection(self) -> socket.socket:
        hosts = [self._host] if self.resolve is None else self.resolve(self._host, self._port)
        for host in hosts[:-1]:
            with suppress(OSError):
                return socket.create_connection((host, self._port), self._connect_timeout)
        return socket.create_connection((hosts[-1], self._port), self._connect_timeout)


def _client(
    broker: Broker, password: str, resolve: Callable[[str, int], list[str]] | None
) -> Client:
    client = _CheckedClient(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
    client.resolve = resolve
    client.connect_timeout = CONNECT_S
    if broker.encrypted:
        client.tls_set_context(ssl.create_default_context())
    if broker.user:
        client.username_pw_set(broker.user, password)
    return client


def _properties(headers: Mapping[str, str]) -> Properties:
    properties: Any = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.ContentType = headers.get("Content-Type", "")
    properties.UserProperty = [
        (name, value) for name, value in headers.items() if name.startswith("Skulens-")
    ]
    return cast(Properties, properties)
