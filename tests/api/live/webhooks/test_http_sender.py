"""One request to a receiver."""

from api.live.webhooks.http_sender import HttpSender
from tests.api.live.webhooks.outbox import Receiver


def test_an_address_that_the_service_forbids_is_not_reached(receiver: Receiver) -> None:
    sender = HttpSender(allow=lambda _: "it is in a network that is not allowed")
    assert "not allowed" in sender(receiver.url, b"{}", {})
    assert receiver.got == []
