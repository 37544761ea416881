"""Webhooks go to the address that was checked: a name that changes its meaning leads nowhere."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from api.http.options import ServerOptions
from api.live.webhooks.http_sender import HttpSender
from api.live.webhooks.mqtt import MqttPublisher
from stream.camera.address import SERVICE_RULES, AddressRules
from stream.camera.dialer import Dialer
from tests.stream.peers.listening import listening

OK = b"HTTP/1.1 204 No Content\r\n\r\n"


@pytest.fixture
def changing_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that means another machine at the first look, and this one from then on."""
    looks: list[str] = []
    original: Callable[..., Any] = socket.getaddrinfo

    def look_up(host: str, port: int | None, *arguments: Any, **options: Any) -> Any:
        if host == "hook.example":
            looks.append(host)
            host = "192.0.2.1" if len(looks) == 1 else "127.0.0.1"
        return original(host, port, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


def allow(url: str) -> str:
    """As the service checks an address beforehand: by a look of its own."""
    assert socket.getaddrinfo("hook.example", None)[0][4][0] == "192.0.2.1", url
    return ""


@pytest.mark.usefixtures("changing_names")
def test_a_name_that_changes_between_check_and_use_is_refused_over_http() -> None:
    with listening(OK) as port:
        sender = HttpSender(allow, Dialer(SERVICE_RULES).resolve)
        assert "may not be in" in sender(f"http://hook.example:{port}/", b"{}", {})


@pytest.mark.usefixtures("changing_names")
def test_a_name_that_changes_between_check_and_use_is_refused_over_mqtt() -> None:
    with listening() as port:
        publisher = MqttPublisher(allow, Dialer(SERVICE_RULES).resolve)
        answer = publisher(f"mqtt://hook.example:{port}/events", b"{}", {}, "")
        assert "may not be in" in answer


def test_an_allowed_webhook_is_delivered_to_its_address_under_its_name() -> None:
    with listening(OK) as port:
        sender = HttpSender(resolve=Dialer(AddressRules()).resolve)
        assert sender(f"http://localhost:{port}/hook?x=1", b"{}", {"A": "b"}) == ""


def test_a_service_refuses_a_webhook_at_its_own_network_address() -> None:
    own = [
        address.address
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family == socket.AF_INET
    ]
    options = ServerOptions(Path("s"), exposed=True)
    assert "127.0.0.1" in own
    for host in own:
        for url in (f"http://{host}/hook", f"mqtt://{host}/events"):
            assert "may not be" in options.webhook_rule(url)
