"""Everything live, built in one place and taken down in reverse: what routes will call."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api.live.cameras import Camera, CameraStore, CameraSupervisor, SecretBox
from api.live.events import EventLog, EventLogWriter, Evidence, EvidenceSettings
from api.live.source import open_live_source, parse_transport
from api.live.webhooks import WebhookDelivery, WebhookStore
from api.live.webhooks.http_sender import HttpSender
from api.live.webhooks.mqtt import MqttPublisher
from api.open_catalogs import FollowedCatalogs
from api.services import Services
from catalog.snapshot import Catalog
from matcher.live import LiveSettings, SessionManager
from stream.camera.address import AddressRules
from stream.sources import LiveSource

KEY: Final = "key"
EVENTS: Final = "events.db"
EVIDENCE: Final = "evidence"
CAMERAS: Final = "cameras.json"
WEBHOOKS: Final = "webhooks.db"


@dataclass(frozen=True, slots=True)
class LiveServicesOptions:
    """What can be set.

    Attributes:
        sessions: limits and bounds of the sessions.
        evidence: how long pictures are kept.
        rules: which addresses cameras may have.
        webhook_rule: told a webhook's address; what it answers forbids it. None allows all.
    """

    sessions: LiveSettings
    evidence: EvidenceSettings
    rules: AddressRules
    webhook_rule: Callable[[str], str] | None = None


@dataclass(frozen=True, slots=True)
class LiveServices:
    """What answers everything about live sessions.

    Attributes:
        sessions: start, stop, list, listen.
        followed: newest snapshots of catalogs by name.
        log: of the events.
        evidence: pictures of appearances.
        cameras: remembered sources.
        webhooks: who is told.
    """

    sessions: SessionManager[Catalog]
    followed: "FollowedCatalogs"
    log: EventLog
    evidence: Evidence
    cameras: CameraSupervisor
    webhooks: WebhookDelivery


@contextmanager
def open_live_services(
    folder: Path, services: Services, options: LiveServicesOptions
) -> Iterator[LiveServices]:
    """Live sessions with everything around them, while the block runs.

    Remembered cameras are watched, and webhooks told, from the start.

    Args:
        folder: keeps events, evidence, cameras, webhooks and the key of their passwords.
        services: give finder and catalogs.
        options: limits and rules.

    Raises:
        Refused: what the folder holds is damaged, or its key may be read by others.
        MatcherError: weights are missing or broken.
        OSError: the folder cannot be written.
    """
    with ExitStack() as stack:
        vault = SecretBox.opened(folder / KEY)
        log = stack.enter_context(closing(EventLog(folder / EVENTS)))
        evidence = Evidence(folder / EVIDENCE, options.evidence)
        hooks = stack.enter_context(closing(WebhookStore(folder / WEBHOOKS, vault)))
        rule = options.webhook_rule
        webhooks = stack.enter_context(
            closing(
                WebhookDelivery(log, hooks, sender=HttpSender(rule), publisher=MqttPublisher(rule))
            )
        )
        followed = stack.enter_context(closing(FollowedCatalogs(services.catalogs)))
        journalist = stack.enter_context(closing(EventLogWriter(log, evidence)))
        sessions: SessionManager[Catalog] = SessionManager(services.finder, options.sessions)
        stack.enter_context(closing(sessions))
        sessions.listen(journalist)
        store = CameraStore(folder / CAMERAS, vault, options.rules)

        def source_of(camera: Camera, address: str) -> LiveSource:
            return open_live_source(address, parse_transport(camera.transport), options.rules)

        cameras = CameraSupervisor(store, sessions, followed, source_of)
        stack.enter_context(closing(cameras))
        yield LiveServices(sessions, followed, log, evidence, cameras, webhooks)
