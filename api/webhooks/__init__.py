"""Events told to other programs over HTTP: signed, in order, retried, dead-lettered."""

from api.webhooks.delivery import Deliverer
from api.webhooks.hook import Webhook, WebhookOrder, signature
from api.webhooks.store import DeadLetter, WebhookStore

__all__ = ["DeadLetter", "Deliverer", "Webhook", "WebhookOrder", "WebhookStore", "signature"]
