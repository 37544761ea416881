"""Events told to other programs over HTTP: signed, in order, retried, dead-lettered."""

from api.live.webhooks.delivery import WebhookDelivery
from api.live.webhooks.store import DeadLetter, WebhookStore
from api.live.webhooks.webhook import Webhook, WebhookRequest, signature

__all__ = [
    "DeadLetter",
    "Webhook",
    "WebhookDelivery",
    "WebhookRequest",
    "WebhookStore",
    "signature",
]
