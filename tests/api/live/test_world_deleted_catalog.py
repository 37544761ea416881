"""A catalog that is deleted under a camera: one event with the reason, and no traceback."""

import logging
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

from api.live.cameras import CameraRequest
from api.live.events import EvidenceSettings
from api.live.services import LiveServices, LiveServicesOptions, open_live_services
from api.open_catalogs import CatalogRegistry
from api.settings import Settings
from catalog.ingest.image_file import ImageFile
from matcher.live import FrameResult, LiveSettings, Message, SessionChanged
from stream.camera.address import AddressRules
from stream.frame import Frame
from stream.status import SourceState
from tests.api.shop import FakeServices
from tests.catalog.support.fakes import encoded, pixels
from tests.matcher.live.sources import HandSource, wait_until

OPTIONS = LiveServicesOptions(LiveSettings(), EvidenceSettings(), AddressRules())
REASON = "The catalog shop was deleted."


class WatchedShop:
    """A session before the catalog `shop`, and every message of it."""

    def __init__(self, services: FakeServices, live: LiveServices) -> None:
        self.services = services
        self.live = live
        self.source = HandSource("till")
        self.messages: list[Message] = []
        live.sessions.listen(self.messages.append)
        self.session_id = live.sessions.start(self.source, live.catalogs.follow("shop"))
        self.source.show(SourceState.LIVE)

    def show(self, number: int) -> None:
        image = pixels(1, 640, 480)
        self.source.put(Frame("till", number, number / 25, number / 25, image))

    def ends(self) -> list[SessionChanged]:
        changes = [message for message in self.messages if isinstance(message, SessionChanged)]
        return [change for change in changes if change.status.state.is_final]


@pytest.mark.parametrize("by", ["this process", "another process"])
@pytest.mark.parametrize("shows", [True, False], ids=["pictures come", "nothing comes"])
def test_a_session_whose_catalog_is_deleted_ends_once_with_the_reason(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, by: str, shows: bool
) -> None:
    services = FakeServices(Settings(storage=tmp_path / "data"))
    store = services.catalogs.create("shop")
    store.add_product("tea", [ImageFile("tea.png", encoded(Image.fromarray(pixels(1, 64, 48))))])
    with (
        caplog.at_level(logging.WARNING),
        closing(CatalogRegistry(services.catalogs)) as catalogs,
        open_live_services(tmp_path / "state", services.finder, catalogs, OPTIONS) as live,
    ):
        shop, number = WatchedShop(services, live), 0

        def has_ended() -> bool:
            nonlocal number
            number += 1
            if shows:
                shop.show(number)
            return bool(shop.ends())

        shop.show(0)
        wait_until(lambda: any(isinstance(message, FrameResult) for message in shop.messages))
        if by == "this process":
            catalogs.delete("shop")
        else:
            services.catalogs.delete("shop")
        wait_until(has_ended)
        wait_until(lambda: shop.source.stops == 1)
        (end,) = shop.ends()
        assert (end.status.state, end.status.reason) == (SourceState.FAILED, REASON)
        assert live.sessions.get(shop.session_id).reason == REASON
    assert [record.exc_info for record in caplog.records if record.exc_info] == []


def test_a_camera_whose_catalog_comes_again_is_watched_again(tmp_path: Path) -> None:
    services = FakeServices(Settings(storage=tmp_path / "data"))
    services.catalogs.create("shop")
    with (
        closing(CatalogRegistry(services.catalogs)) as catalogs,
        open_live_services(tmp_path / "state", services.finder, catalogs, OPTIONS) as live,
    ):
        live.cameras.put(CameraRequest("door", "http://127.0.0.1:9/none", "shop"))
        wait_until(lambda: live.cameras.list()[0].session is not None)
        catalogs.delete("shop")
        wait_until(lambda: live.cameras.list()[0].reason == REASON)
        catalogs.create("shop")
        (camera,) = [status.camera for status in live.cameras.list()]
        live.cameras._retry_at.clear()  # a quarter of a minute is long for a test
        wait_until(lambda: live.cameras.status(camera).session is not None)
