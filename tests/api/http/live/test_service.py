"""Live sessions as the routes see them."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from api.http.auth.principal import LOCAL
from api.http.live.service import SessionService, draw_frame, engine_starting, run_session_service
from api.live.events.log import NewEvent
from api.live.services import LiveServices
from api.settings import Settings
from matcher.imaging.box import Box
from matcher.live import FrameResult, NoSuchSession
from matcher.results import Verdict
from matcher.tracking.output import OverlayItem
from stream.frame import Frame
from tests.api.live.test_services import opened
from tests.api.shop import FakeServices


def test_a_session_that_is_over_is_known_by_its_events_alone(tmp_path: Path) -> None:
    async def look(live: LiveServices) -> None:
        live.log.append([NewEvent("old", "shop", "{}")])
        async with run_session_service(live) as service:
            assert service.list(LOCAL) == []
            assert service.catalog_of("old") == "shop"
            for refused in (service.preview, service.catalog_of, lambda name: show(service, name)):
                with pytest.raises(NoSuchSession):
                    refused("none")

    def show(service: SessionService, name: str) -> object:
        return service.show(name, LOCAL)

    with opened(tmp_path, FakeServices(Settings(storage=tmp_path / "data"))) as live:
        asyncio.run(look(live))


def test_a_frame_is_drawn_on_a_copy(tmp_path: Path) -> None:
    catalog = FakeServices(Settings(storage=tmp_path / "data")).catalogs.create("shop").snapshot()
    frame = Frame("s", 0, 0.0, 0.0, np.zeros((120, 160, 3), np.uint8))
    outline = np.zeros((0, 2), np.float32)
    item = OverlayItem(1, "s-1", Box(20, 40, 100, 110), outline, "tea", Verdict.IDENTICAL, 0.9)
    result = FrameResult("s", "shop", frame, (item,), (), (), 0.0, late=False, degraded=False)
    drawn = draw_frame(result, catalog)
    assert drawn.shape == frame.image.shape
    assert drawn.any()
    assert not frame.image.any()


def test_while_networks_are_loaded_a_client_waits() -> None:
    refusal = engine_starting()
    assert (refusal.status, refusal.kind) == (503, "starting")
    assert refusal.headers == {"Retry-After": "2"}
