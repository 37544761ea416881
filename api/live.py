"""Everything live, built in one place and taken down in reverse: what routes will call."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

from api.cameras import Camera, CameraKeeper, CameraStore, Vault
from api.events import EventLog, Evidence, EvidenceSettings, Journalist
from api.live_source import as_transport, live_source
from api.services import Services
from api.webhooks import Deliverer, WebhookStore
from api.webhooks.mqtt import MqttPublisher
from api.webhooks.sending import HttpSender
from catalog.follower import Follower
from catalog.registry import Catalogs
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
class LiveOptions:
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
class LiveDesk:
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
    cameras: CameraKeeper
    webhooks: Deliverer


class FollowedCatalogs:
    """Follows each catalog from its first use on; thread-safe."""

    def __init__(self, catalogs: Catalogs) -> None:
        self._catalogs = catalogs
        self._lock = Lock()
        self._followers: dict[str, Follower] = {}
        self._stack = ExitStack()

    def __call__(self, name: str) -> Callable[[], Catalog]:
        """What gives the newest snapshot of a catalog at any time, without waiting.

        Raises:
            CatalogError: there is none of that name, or it cannot be read.
        """
        with self._lock:
            follower = self._followers.get(name)
            if follower is None:
                follower = self._stack.enter_context(Follower(self._catalogs.open(name)))
                self._followers[name] = follower
            return follower.catalog

    def close(self) -> None:
        """Follow no more."""
        with self._lock:
            self._followers.clear()
            self._stack.close()


@contextmanager
def live_desk(folder: Path, services: Services, options: LiveOptions) -> Iterator[LiveDesk]:
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
        vault = Vault.opened(folder / KEY)
        log = stack.enter_context(closing(EventLog(folder / EVENTS)))
        evidence = Evidence(folder / EVIDENCE, options.evidence)
        hooks = stack.enter_context(closing(WebhookStore(folder / WEBHOOKS, vault)))
        rule = options.webhook_rule
        webhooks = stack.enter_context(
            closing(Deliverer(log, hooks, sender=HttpSender(rule), publisher=MqttPublisher(rule)))
        )
        followed = stack.enter_context(closing(FollowedCatalogs(services.catalogs)))
        journalist = stack.enter_context(closing(Journalist(log, evidence)))
        sessions: SessionManager[Catalog] = SessionManager(services.finder, options.sessions)
        stack.enter_context(closing(sessions))
        sessions.listen(journalist)
        store = CameraStore(folder / CAMERAS, vault, options.rules)

        def source_of(camera: Camera, address: str) -> LiveSource:
            return live_source(address, as_transport(camera.transport), options.rules)

        cameras = CameraKeeper(store, sessions, followed, source_of)
        stack.enter_context(closing(cameras))
        yield LiveDesk(sessions, followed, log, evidence, cameras, webhooks)
