import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from api.demo.files import SHIPPED, STRANGER, DemoFiles, copy_shipped, read_names
from api.demo.render import SEED, FilmSize
from api.demo.run import CATALOG, DemoResult, demo_settings, read_answers, run_demo
from api.demo.score import AppearanceOutcome
from api.errors import Refused
from api.services import build_services
from api.settings import Settings, load_settings
from api.video.job import event_line
from catalog.registry import Catalogs
from catalog.snapshot import Catalog
from catalog.storage.folder import FolderStorage
from matcher.decision.explain import Explanation
from matcher.imaging.box import Box
from matcher.results import Detection, Identification, KnownPrint, Match, StageTimes, Verdict
from matcher.tracking.events import Event, EventKind
from stream.video.file import FileSource
from tests.catalog.support.fakes import FakeEncoder
from training.render.scene.truth import Truth
from training.render.shop import make_stranger

SHORT = FilmSize(320, 180, 30)


class BlindFinder:
    """Sees nothing, whatever it is shown."""

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        assert image.shape == (180, 320, 3)
        return ()

    def match(
        self,
        image: NDArray[np.uint8],
        detections: Sequence[Detection],
        catalog: Catalog,
        known: Sequence[KnownPrint] = (),  # noqa: ARG002
    ) -> tuple[Match, ...]:
        assert not detections
        assert image.size
        assert catalog.name == CATALOG
        return ()

    def survey(
        self,
        image: NDArray[np.uint8],
        catalog: Catalog,
        known: Sequence[KnownPrint] = (),  # noqa: ARG002
    ) -> Identification:
        return self.identify(image, catalog)

    def identify(
        self, image: NDArray[np.uint8], catalog: Catalog, *, whole_image: bool = False
    ) -> Identification:
        assert image.size or whole_image
        return Identification((), catalog.index_version, StageTimes())

    def explain(self, image: NDArray[np.uint8], catalog: Catalog, product_id: str) -> Explanation:
        raise AssertionError(f"nobody asked about {product_id} {image.shape} {catalog.name}")


@dataclass
class FakeDemoServices:
    settings: Settings
    catalogs: Catalogs
    finder: BlindFinder


def services_in(out: Path, cache: Path) -> FakeDemoServices:
    settings = demo_settings(Settings(cache_dir=cache), out)
    return FakeDemoServices(
        settings, Catalogs(FolderStorage(settings.storage), FakeEncoder()), BlindFinder()
    )


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[DemoResult, list[tuple[str, int]]]:
    """The demo of a very short film, run twice into one folder with a file of somebody else's."""
    out = tmp_path_factory.mktemp("out") / "demo"
    out.mkdir()
    (out / "mine.txt").write_text("keep", encoding="utf-8")
    steps: list[tuple[str, int]] = []
    cache = tmp_path_factory.mktemp("cache")
    run_demo(out, services_in(out, cache), lambda *_: None, SHORT)
    result = run_demo(
        out, services_in(out, cache), lambda what, done, _: steps.append((what, done)), SHORT
    )
    return result, steps


def test_everything_it_names_is_written(ran: tuple[DemoResult, list[tuple[str, int]]]) -> None:
    files = ran[0].files
    for path in (files.clip, files.truth, files.events, files.annotated, files.report):
        assert path.is_file(), path
    assert files.pictures.is_dir()
    assert files.storage.is_dir()


def test_a_second_run_replaces_the_first_and_leaves_other_files_alone(
    ran: tuple[DemoResult, list[tuple[str, int]]],
) -> None:
    storage = ran[0].files.storage
    catalogs = Catalogs(FolderStorage(storage), FakeEncoder())
    assert catalogs.names() == (CATALOG,)
    assert len(catalogs.open(CATALOG).snapshot().products) >= 12
    assert (storage.parent / "mine.txt").read_text(encoding="utf-8") == "keep"


def test_it_tells_how_far_it_is(ran: tuple[DemoResult, list[tuple[str, int]]]) -> None:
    stages = list(dict.fromkeys(what for what, _ in ran[1]))
    assert stages[:4] == ["printing packages", "taking pictures", "filming", "filling the catalog"]
    assert ("filming", 30) in ran[1]
    assert "matching" in stages


def test_a_blind_finder_fails_with_everything_missed(
    ran: tuple[DemoResult, list[tuple[str, int]]],
) -> None:
    result = ran[0]
    assert result.score.appearances
    assert {appearance.outcome for appearance in result.score.appearances} == {
        AppearanceOutcome.MISSED
    }
    assert not result.passed
    assert result.score.wrong_names == ()


def test_names_for_people_cover_the_stranger_too(
    ran: tuple[DemoResult, list[tuple[str, int]]],
) -> None:
    result = ran[0]
    assert all(appearance.product_id in result.names for appearance in result.score.appearances)
    assert result.names["zumbari-hoops"] == "Zumbari jungle hoops"


def test_the_catalog_never_hears_of_the_stranger(
    ran: tuple[DemoResult, list[tuple[str, int]]],
) -> None:
    files = ran[0].files
    assert not (files.pictures / "zumbari-hoops").exists()
    assert not any("zumbari" in path.name for path in files.storage.rglob("*"))


def test_the_written_truth_is_that_of_the_clip(
    ran: tuple[DemoResult, list[tuple[str, int]]],
) -> None:
    truth = Truth.read(ran[0].files.truth)
    assert (truth.width, truth.height, len(truth.frames)) == (320, 180, 30)


def test_services_that_keep_catalogs_elsewhere_are_refused(tmp_path: Path) -> None:
    services = services_in(tmp_path / "other", tmp_path / "cache")
    with pytest.raises(Refused, match="catalog"):
        run_demo(tmp_path / "demo", services, lambda *_: None, SHORT)
    assert not (tmp_path / "demo").exists()


def test_the_demo_keeps_its_catalog_in_its_own_folder(tmp_path: Path) -> None:
    settings = demo_settings(Settings(storage=Path("shop")), tmp_path)
    assert settings.storage == DemoFiles.inside(tmp_path).storage


def test_answers_are_read_from_the_lines_that_anybody_gets() -> None:
    event = Event(
        sequence=1,
        event=EventKind.CONFIRMED,
        catalog=CATALOG,
        session_id="s",
        appearance_id="s-1",
        track_id=1,
        product_id="tea",
        verdict=Verdict.IDENTICAL,
        probability=0.9,
        box=Box(0, 0, 10, 20),
        outline=np.zeros((0, 2), np.float32),
        frame_index=3,
        media_time_s=0.12,
        timestamp="",
        frame_age_ms=0.0,
        late=False,
        index_version=1,
        degraded=False,
    )
    (answer,) = read_answers([event_line(event)])
    assert (answer.product_id, answer.x, answer.y, answer.frame_index) == ("tea", 5.0, 10.0, 3)


def test_what_came_with_skulens_is_played_without_drawing(tmp_path: Path) -> None:
    files = DemoFiles.inside(tmp_path)
    copy_shipped(files)
    copy_shipped(files)  # a second run replaces the first
    truth = Truth.read(files.truth)
    with closing(FileSource(files.clip)) as source:
        assert (source.width, source.height) == (truth.width, truth.height)
        assert source.frame_count_estimate == len(truth.frames)
        assert next(source.frames(len(truth.frames) - 1)).index == len(truth.frames) - 1
    names = read_names(files.pictures)
    assert {appearance.product_id for appearance in truth.appearances} <= names.keys()
    assert [seen.product_id for seen in truth.appearances if not seen.known] == [STRANGER[0]]
    for product_id in names.keys() - {STRANGER[0]}:
        assert len(list((files.pictures / product_id).glob("*.jpg"))) == 2


def test_what_came_with_skulens_is_small() -> None:
    assert sum(path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file()) <= 6_000_000


def test_the_stranger_is_the_one_that_is_drawn() -> None:
    stranger = make_stranger(SEED)
    assert (stranger.product_id, stranger.name) == STRANGER


@pytest.mark.soak
def test_the_whole_demo_finds_everything_and_names_nothing_wrongly(tmp_path: Path) -> None:
    settings = demo_settings(load_settings(os.environ), tmp_path)
    with build_services(settings) as services:
        result = run_demo(tmp_path, services, lambda *_: None)
    assert result.score.wrong_names == ()
    assert [appearance.outcome for appearance in result.score.appearances if appearance.known] == [
        AppearanceOutcome.FOUND
    ] * sum(appearance.known for appearance in result.score.appearances)
    assert result.passed
