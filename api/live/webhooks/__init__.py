"""Events told to other programs over HTTP: signed, in order, retried, dead-lettered."""

from api.live.webhooks.delivery import Deliverer
from api.live.webhooks.store import DeadLetter, WebhookStore
from api.live.webhooks.webhook import Webhook, WebhookOrder, signature

__all__ = ["DeadLetter", "Deliverer", "Webhook", "WebhookOrder", "WebhookStore", "signature"]
