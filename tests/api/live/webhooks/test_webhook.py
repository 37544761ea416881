"""A webhook as a person enters it."""

import pytest

from api.errors import Refused
from api.live.webhooks import WebhookRequest, signature
from tests.api.live.webhooks.outbox import SECRET, Outbox


@pytest.mark.parametrize(
    "order",
    [
        WebhookRequest("../x", "https://example.com/", SECRET),
        WebhookRequest("x", "file:///etc/passwd", SECRET),
        WebhookRequest("x", "https://user:geheim@example.com/", SECRET),
        WebhookRequest("x", "https://", SECRET),
        WebhookRequest("x", "http://host:port/", SECRET),
        WebhookRequest("x", "https://example.com/\n", SECRET),
        WebhookRequest("x", "https://example.com/", "short"),
        WebhookRequest("x", "https://example.com/", SECRET, kinds=("exploded",)),
        WebhookRequest("x", "https://example.com/", SECRET, kinds=()),
    ],
)
def test_a_webhook_that_cannot_be_is_refused(outbox: Outbox, order: WebhookRequest) -> None:
    with pytest.raises(Refused) as refused:
        outbox.deliverer.add(order)
    assert "geheim" not in str(refused.value)
    assert outbox.store.list() == ()


def test_the_signature_is_what_the_documentation_says() -> None:
    assert signature("secret", 1, b"{}").startswith("t=1,v1=")
    assert signature("secret", 1, b"{}") != signature("secret", 2, b"{}")
