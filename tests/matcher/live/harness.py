"""A session manager with sources by hand, and every message that it emits."""

from pathlib import Path

from matcher.live import FrameResult, LiveSettings, Message, SessionManager, SessionSettings
from matcher.tracking.events import Event
from tests.matcher.live.sources import HandSource, WorldFilm
from tests.matcher.world import World, WorldCatalog, WorldFinder, WorldThing, standing, still

CATALOG = WorldCatalog()
TEA = World((WorldThing("tea", still(100, 100)),))
PASSING = World((WorldThing("tea", lambda time: standing(100, 100) if time < 1 else None),))


def catalog() -> WorldCatalog:
    return CATALOG


class ManagerHarness:
    """A manager, and every message that it emitted."""

    def __init__(
        self,
        world: World,
        settings: LiveSettings | None = None,
        finder: WorldFinder | None = None,
    ) -> None:
        self.world = world
        self.finder = finder or WorldFinder(world)
        self.manager: SessionManager[WorldCatalog] = SessionManager(self.finder, settings)
        self.messages: list[Message] = []
        self.manager.listen(self.messages.append)

    def open(
        self, settings: SessionSettings | None = None, record: Path | None = None
    ) -> WorldFilm:
        source = HandSource()
        session_id = self.manager.start(source, catalog, settings, record=record)
        self.session_id = session_id

        def processed() -> int:
            return self.manager.get(session_id).counters.processed

        return WorldFilm(self.world, source, processed)

    @property
    def events(self) -> list[Event]:
        results = [message for message in self.messages if isinstance(message, FrameResult)]
        return [event for result in results for event in result.events]

    @property
    def story(self) -> list[tuple[str, str | None]]:
        return [(str(event.event), event.product_id) for event in self.events]
