"""Events sent to other programs over HTTP or MQTT: signed, in order, tried again."""

from api.live.webhooks.delivery import WebhookDelivery
from api.live.webhooks.store import WebhookStore
from api.live.webhooks.webhook import Webhook, WebhookRequest, signature

__all__ = [
    "DeadLetter",
    "Webhook",
    "WebhookDelivery",
    "WebhookRequest",
    "WebhookStore",
    "signature",
]
