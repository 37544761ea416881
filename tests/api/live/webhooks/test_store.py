"""Webhooks on disk."""

from pathlib import Path

import pytest

from api.errors import Refused
from api.live.webhooks import Webhook, WebhookRequest
from tests.api.live.webhooks.outbox import SECRET, Outbox


def test_a_secret_lies_nowhere_in_clear_and_is_not_shown(outbox: Outbox, tmp_path: Path) -> None:
    order = WebhookRequest("till", "https://example.com/hook", SECRET)
    outbox.store.add(order)
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(SECRET.encode() in content for content in files)
    assert SECRET not in repr(order)
    assert outbox.store.list() == (Webhook("till", "https://example.com/hook"),)
    assert outbox.store.secret("till") == SECRET


def test_one_webhook_is_not_remembered_twice(outbox: Outbox) -> None:
    outbox.store.add(WebhookRequest("x", "https://example.com/", SECRET))
    with pytest.raises(Refused, match="already"):
        outbox.store.add(WebhookRequest("x", "https://example.com/", SECRET))
