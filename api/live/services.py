"""Everything about live sessions, built in one place and taken down in reverse."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api.live.cameras import Camera, CameraStore, CameraSupervisor
from api.live.events import EventLog, EventLogWriter, Evidence, EvidenceSettings
from api.live.secrets import SecretBox
from api.live.source import open_live_source, parse_transport
from api.live.webhooks import WebhookDelivery, WebhookStore
from api.live.webhooks.http_sender import HttpSender
from api.live.webhooks.mqtt import MqttPublisher
from api.open_catalogs import CatalogRegistry
from api.services import PhotoFinder
from catalog.snapshot import Catalog
from matcher.live import LiveSettings, SessionManager
from stream.camera.address import AddressRules
from stream.camera.dialer import Dialer
from stream.sources import LiveSource

# Names in the folder of live sessions.
_KEY: Final = "key"
_EVENTS: Final = "events.db"
_EVIDENCE: Final = "evidence"
_CAMERAS: Final = "cameras.json"
_WEBHOOKS: Final = "webhooks.db"


@dataclass(frozen=True, slots=True)
class LiveServicesOptions:
    """Limits and rules of live sessions.

    Attributes:
        sessions: limits and bounds of the sessions.
        evidence: how long pictures are kept.
        rules: which addresses cameras may have.
        webhook_rule: returns why a webhook's address is forbidden, or nothing; None allows all.
    """

    sessions: LiveSettings
    evidence: EvidenceSettings
    rules: AddressRules
    webhook_rule: Callable[[str], str] | None = None


@dataclass(frozen=True, slots=True)
class LiveServices:
    """The parts that routes call.

    Attributes:
        sessions: start, stop, list, listen.
        catalogs: gives their newest snapshots.
        log: of the events.
        evidence: pictures of appearances.
        cameras: remembered sources.
        webhooks: receivers of events.
    """

    sessions: SessionManager[Catalog]
    catalogs: CatalogRegistry
    log: EventLog
    evidence: Evidence
    cameras: CameraSupervisor
    webhooks: WebhookDelivery


@contextmanager
def open_live_services(
    folder: Path, finder: PhotoFinder, catalogs: CatalogRegistry, options: LiveServicesOptions
) -> Iterator[LiveServices]:
    """Run live sessions with everything around them while the block runs.

    Remembered cameras are watched, and webhooks served, from the start.

    Args:
        folder: keeps events, evidence, cameras, webhooks and the key of their passwords.
        finder: finds products in frames.
        catalogs: followed for as long as a session needs them; closed by who opened it.
        options: limits and rules.

    Raises:
        Refused: what the folder holds is damaged, or its key may be read by others.
        OSError: the folder cannot be written.
    """
    with ExitStack() as stack:
        secrets = SecretBox.from_file(folder / _KEY)
        log = stack.enter_context(closing(EventLog(folder / _EVENTS)))
        evidence = Evidence(folder / _EVIDENCE, options.evidence)
        hooks = stack.enter_context(closing(WebhookStore(folder / _WEBHOOKS, secrets)))
        resolve = Dialer(options.rules).resolve
        sender = HttpSender(options.webhook_rule, resolve)
        publisher = MqttPublisher(options.webhook_rule, resolve)
        webhooks = stack.enter_context(
            closing(WebhookDelivery(log, hooks, sender=sender, publisher=publisher))
        )
        log_writer = stack.enter_context(closing(EventLogWriter(log, evidence)))
        sessions: SessionManager[Catalog] = SessionManager(finder, options.sessions)
        stack.enter_context(closing(sessions))
        sessions.listen(log_writer)

        def open_source(camera: Camera, address: str) -> LiveSource:
            return open_live_source(address, parse_transport(camera.transport), options.rules)

        store = CameraStore(folder / _CAMERAS, secrets, options.rules)
        cameras = CameraSupervisor(store, sessions, catalogs.follow, open_source)
        stack.enter_context(closing(cameras))
        yield LiveServices(sessions, catalogs, log, evidence, cameras, webhooks)
