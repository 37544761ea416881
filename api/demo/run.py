"""The demo: a rendered shop, a film of it, and what skulens says of the film beside the truth.

The matcher is told nothing: it gets the catalog pictures and the video file, as from any user.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from api.demo.score import DemoAnswer, DemoScore, read_answer, score_answers
from api.errors import Refused
from api.services import PhotoFinder
from api.settings import Settings
from api.video.job import VideoRequest, match_video
from catalog.registry import Catalogs
from catalog.transfer.importer import import_path

if TYPE_CHECKING:
    from catalog.snapshot import Catalog
    from training.render.scene.truth import Truth

CATALOG: Final = "demo"
SEED: Final = 20

OnStage = Callable[[str, int, int | None], None]


class DemoServices(Protocol):
    """What the demo needs of `api.services.Services`."""

    @property
    def settings(self) -> Settings:
        """What they were built from."""
        ...

    @property
    def catalogs(self) -> Catalogs:
        """Kept in the demo's own folder."""
        ...

    @property
    def finder(self) -> PhotoFinder:
        """Finds products."""
        ...


@dataclass(frozen=True, slots=True)
class DemoFiles:
    """Everything that the demo writes.

    Attributes:
        pictures: folder of the catalog pictures, one folder per product, with their manifest.
        clip: the film.
        truth: what is really to be seen in it, JSON.
        storage: folder that holds the catalog.
        events: what skulens said, JSON Lines.
        annotated: the film with everything drawn.
        report: a page to open in a browser.
    """

    pictures: Path
    clip: Path
    truth: Path
    storage: Path
    events: Path
    annotated: Path
    report: Path

    @classmethod
    def inside(cls, out: Path) -> "DemoFiles":
        """The usual names in a folder."""
        return cls(
            pictures=out / "pictures",
            clip=out / "clip.mp4",
            truth=out / "truth.json",
            storage=out / "data",
            events=out / "events.jsonl",
            annotated=out / "annotated.mp4",
            report=out / "report.html",
        )


@dataclass(frozen=True, slots=True)
class DemoTimes:
    """Seconds that the parts took.

    Attributes:
        render: catalog pictures and film.
        catalog: taking the pictures in.
        match: matching, drawing and reporting.
    """

    render: float
    catalog: float
    match: float


@dataclass(frozen=True, slots=True)
class DemoResult:
    """How it went.

    Attributes:
        score: every appearance of the truth, and every wrong name.
        names: for people, by product id; also of the product that is not in the catalog.
        files: where everything is.
        times: what it took.
    """

    score: DemoScore
    names: Mapping[str, str]
    files: DemoFiles
    times: DemoTimes

    @property
    def passed(self) -> bool:
        """All found, no wrong name, what is unknown stayed unknown."""
        return self.score.passed


@dataclass(frozen=True, slots=True)
class FilmSize:
    """How large and how long the film is.

    Attributes:
        width: pixels.
        height: likewise.
        frame_count: stop early; None films everything.
    """

    width: int = 1280
    height: int = 720
    frame_count: int | None = None


def demo_settings(settings: Settings, out: Path) -> Settings:
    """The same settings with the catalog inside the demo's folder, away from the user's own."""
    return replace(settings, storage=DemoFiles.inside(out).storage, s3_bucket="")


def run_demo(
    out: Path, services: DemoServices, on_stage: OnStage, shoot: FilmSize | None = None
) -> DemoResult:
    """Render, match and judge; blocks for a minute or two.

    What an earlier run left in the folder is replaced, other files there are left alone.

    Args:
        out: folder for everything; made when it is missing.
        services: built from `demo_settings`.
        on_stage: called with what is being done, parts done and parts in all, None if unknown.
        shoot: a smaller or shorter film; None films everything.

    Raises:
        Refused: the services keep their catalogs elsewhere, or a rendered picture was refused.
        catalog.errors.CatalogError: the storage refused.
        matcher.errors.MatcherError: weights are missing or broken.
        stream.errors.StreamError: a video cannot be written or read.
        OSError: the disk refused.
    """
    files = DemoFiles.inside(out)
    if services.settings.storage != files.storage:
        raise Refused(f"the demo keeps its catalog in {files.storage}, not among your own")
    out.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    truth, names = _render(files, shoot or FilmSize(), on_stage)
    rendered = time.perf_counter()
    catalog = _take_in(files, services, on_stage)
    taken_in = time.perf_counter()
    answers = _match(files, services, catalog, on_stage)
    matched = time.perf_counter()
    times = DemoTimes(rendered - started, taken_in - rendered, matched - taken_in)
    return DemoResult(score_answers(truth, answers), names, files, times)


def _render(files: DemoFiles, shoot: FilmSize, on_stage: OnStage) -> tuple["Truth", dict[str, str]]:
    # Imported here: serving and the other commands never need the paint box.
    from training.render.clip import make_film, render_clip
    from training.render.shop import make_products, make_stranger, write_pictures

    on_stage("printing packages", 0, None)
    products, stranger = make_products(SEED), make_stranger(SEED)
    write_pictures(
        files.pictures, products, lambda done, total: on_stage("taking pictures", done, total)
    )
    film = make_film(products, stranger, SEED, shoot.width, shoot.height)
    known = frozenset(product.product_id for product in products)
    truth = render_clip(
        files.clip,
        film,
        known,
        lambda done, total: on_stage("filming", done, total),
        shoot.frame_count,
    )
    truth.write(files.truth)
    return truth, {each.product_id: each.name for each in (*products, stranger)}


def _take_in(files: DemoFiles, services: DemoServices, on_stage: OnStage) -> "Catalog":
    if CATALOG in services.catalogs.names():
        services.catalogs.delete(CATALOG)
    store = services.catalogs.create(CATALOG)
    report = import_path(
        store, files.pictures, lambda done, total: on_stage("filling the catalog", done, total)
    )
    if report.failures:
        raise Refused(f"the demo's catalog is not whole: {report.failures[0]}")
    return store.snapshot()


def _match(
    files: DemoFiles, services: DemoServices, catalog: "Catalog", on_stage: OnStage
) -> Sequence[DemoAnswer]:
    lines: list[str] = []
    match_video(
        VideoRequest(files.clip, files.events, files.annotated, files.report, force=True),
        services.finder,
        catalog,
        services.settings.cache_dir / "videos",
        on_stage=on_stage,
        on_line=lines.append,
    )
    return read_answers(lines)


def read_answers(lines: Iterable[str]) -> tuple[DemoAnswer, ...]:
    """The `identical` answers among events, each a line of JSON."""
    answers = (read_answer(json.loads(line)) for line in lines)
    return tuple(answer for answer in answers if answer is not None)
