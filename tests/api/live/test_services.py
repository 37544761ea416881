import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from PIL import Image

from api.errors import Refused
from api.live.cameras import CameraRequest
from api.live.events import EvidenceSettings
from api.live.services import LiveServices, LiveServicesOptions, open_live_services
from api.live.source import open_live_source, parse_transport
from api.open_catalogs import CatalogRegistry
from api.settings import Settings
from catalog.ingest.image_file import ImageFile
from matcher.live import LiveSettings
from stream.camera.address import SERVICE_RULES, AddressRules
from stream.errors import SourceError
from stream.video.replay import RecordingSource
from tests.api.cli.test_video import tea_clip
from tests.api.shop import FakeServices
from tests.catalog.support.fakes import encoded, pixels
from tests.matcher.live.sources import wait_until

OPTIONS = LiveServicesOptions(LiveSettings(), EvidenceSettings(), AddressRules())


@contextmanager
def opened(folder: Path, services: FakeServices) -> Iterator[LiveServices]:
    with (
        closing(CatalogRegistry(services.catalogs)) as catalogs,
        open_live_services(folder / "state", services.finder, catalogs, OPTIONS) as live,
    ):
        yield live


def test_what_a_recording_shows_is_logged_with_evidence_and_survives_a_restart(
    tmp_path: Path,
) -> None:
    services = FakeServices(Settings(storage=tmp_path / "data"))
    store = services.catalogs.create("shop")
    store.add_product("tea", [ImageFile("tea.png", encoded(Image.fromarray(pixels(1, 64, 48))))])
    clip = tea_clip(tmp_path / "clip.mp4")
    with opened(tmp_path, services) as live:
        session_id = live.sessions.start(RecordingSource(clip), live.catalogs.follow("shop"))
        wait_until(lambda: len(live.log.after(0).entries) == 3)
        appearance = json.loads(live.log.after(0).entries[1].body)["appearance_id"]
        assert live.evidence.get(appearance) is not None
    with opened(tmp_path, services) as live:
        entries = live.log.after(0, session_id=session_id).entries
        assert [json.loads(entry.body)["event"] for entry in entries] == [
            "entered",
            "confirmed",
            "left",
        ]


def test_cameras_come_back_with_the_service(tmp_path: Path) -> None:
    services = FakeServices(Settings(storage=tmp_path / "data"))
    services.catalogs.create("shop")
    order = CameraRequest("door", "http://127.0.0.1:9/none", "shop")

    def is_watched(live: LiveServices) -> bool:
        return live.cameras.list()[0].session is not None

    with opened(tmp_path, services) as live:
        live.cameras.put(order)
        wait_until(lambda: is_watched(live))
    with opened(tmp_path, services) as again:
        wait_until(lambda: is_watched(again))


def test_a_camera_of_a_catalog_that_is_not_there_says_so(tmp_path: Path) -> None:
    services = FakeServices(Settings(storage=tmp_path / "data"))
    with opened(tmp_path, services) as live:
        live.cameras.put(CameraRequest("door", "http://127.0.0.1:9/none", "nosuch"))
        wait_until(lambda: "nosuch" in live.cameras.list()[0].reason)


def test_a_service_plays_no_files_of_its_machine(tmp_path: Path) -> None:
    clip = tea_clip(tmp_path / "clip.mp4", frames=2)
    assert isinstance(open_live_source(str(clip)), RecordingSource)
    with pytest.raises(SourceError):
        open_live_source(str(clip), rules=SERVICE_RULES)


def test_a_transport_that_is_none_is_refused() -> None:
    assert parse_transport("udp") == "udp"
    with pytest.raises(Refused, match="pigeon"):
        parse_transport("pigeon")
