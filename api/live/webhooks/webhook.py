"""A webhook, and how its deliveries are signed."""

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from api.errors import Refused
from api.live.webhooks import mqtt
from catalog.records.product import is_valid_id
from matcher.tracking.events import EventKind

KINDS: Final = tuple(str(kind) for kind in EventKind)
LONGEST_URL: Final = 2048  # characters
SHORTEST_SECRET: Final = 16  # characters; a shorter one could be guessed from signatures


@dataclass(frozen=True, slots=True)
class Webhook:
    """A receiver of events; shows no secret.

    Attributes:
        webhook_id: an id like a product's.
        url: http or https, without user and password; or a topic of an MQTT broker, see
            `api.live.webhooks.mqtt.read_broker`.
        kinds: of `KINDS`, the events that it gets.
        catalog: only of this catalog; all of them if empty.
    """

    webhook_id: str
    url: str
    kinds: tuple[str, ...] = KINDS
    catalog: str = ""

    @property
    def is_broker(self) -> bool:
        """Whether it is an MQTT broker."""
        return urlsplit(self.url).scheme in mqtt.SCHEMES

    def wants(self, kind: str, catalog: str) -> bool:
        """Whether it gets an event."""
        return kind in self.kinds and self.catalog in ("", catalog)


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A webhook as a person enters it; the attributes are those of `Webhook`.

    Attributes:
        secret: signs every delivery; shared with the receiver, and not shown when this is printed.
            Where the address of a broker names a user, it is that user's password.
    """

    webhook_id: str
    url: str
    secret: str = field(repr=False)
    kinds: tuple[str, ...] = KINDS
    catalog: str = ""

    def to_webhook(self) -> Webhook:
        """Return the webhook without its secret.

        Raises:
            Refused: id, address, kinds or secret cannot be used.
        """
        if not is_valid_id(self.webhook_id):
            raise Refused(f"{self.webhook_id!r} is no webhook's id; use letters, digits and dashes")
        unknown = [kind for kind in self.kinds if kind not in KINDS]
        if unknown or not self.kinds:
            raise Refused(f"a webhook is told of {', '.join(KINDS)}; give at least one of them")
        if len(self.secret) < SHORTEST_SECRET:
            raise Refused(f"a webhook's secret needs at least {SHORTEST_SECRET} characters")
        _check_url(self.url)
        return Webhook(self.webhook_id, self.url, self.kinds, self.catalog)


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """Return the value of the header `Skulens-Signature`: `t=…,v1=…`.

    `v1` is HMAC-SHA256, in hex, of the Unix time in decimal, a full stop, and the body. A receiver
    computes it anew, compares in constant time and refuses times that are minutes old.
    """
    signed = f"{timestamp}.".encode("ascii") + body
    digest = hmac.new(secret.encode("utf-8"), signed, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise Refused("the webhook's address has a host or port that cannot be read") from None
    if parts.scheme in mqtt.SCHEMES:
        try:
            mqtt.read_broker(url)
        except ValueError as error:
            raise Refused(f"the broker's address cannot be used: {error}") from None
        _check_text(url)
        return
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Refused("a webhook's address begins with http(s):// or mqtt(s):// and names a host")
    if parts.username or parts.password:
        raise Refused("a webhook's address holds no user and password; the signature proves us")
    _check_text(url)


def _check_text(url: str) -> None:
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise Refused("the webhook's address is too long or has characters that no address has")
