"""The demo: a small shop, a film of it, and the answers for the film beside the truth.

The matcher gets the catalog pictures and the video file, as from any user, and never the truth.
"""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from api.demo.files import DemoFiles, copy_shipped, read_names
from api.demo.render import FilmSize, OnStage, render_shop
from api.demo.score import DemoAnswer, DemoScore, read_answer, score_answers
from api.errors import Refused
from api.services import PhotoFinder
from api.settings import Settings
from api.video.job import VideoRequest, match_video
from catalog.registry import Catalogs
from catalog.transfer.importer import import_path
from training.render.scene.truth import Truth

if TYPE_CHECKING:
    from catalog.snapshot import Catalog

CATALOG: Final = "demo"


class DemoServices(Protocol):
    """The part of `api.services.Services` that the demo uses."""

    @property
    def settings(self) -> Settings:
        """Settings that they were built from."""

    @property
    def catalogs(self) -> Catalogs:
        """Catalogs, in the demo's own folder."""

    @property
    def finder(self) -> PhotoFinder:
        """Finds products."""


@dataclass(frozen=True, slots=True)
class DemoTimes:
    """Seconds that the parts took.

    Attributes:
        prepare: copying pictures and film, or drawing them.
        catalog: taking the pictures in.
        match: matching, drawing and reporting.
    """

    prepare: float
    catalog: float
    match: float


@dataclass(frozen=True, slots=True)
class DemoResult:
    """The score of a run, and where its files are.

    Attributes:
        score: every appearance of the truth, and every wrong name.
        names: for people, by product id; also of the product that is not in the catalog.
        files: where everything is.
        times: seconds of each part.
    """

    score: DemoScore
    names: Mapping[str, str]
    files: DemoFiles
    times: DemoTimes

    @property
    def passed(self) -> bool:
        """Whether all was found, nothing named wrongly, and the unknown stayed unknown."""
        return self.score.passed


def demo_settings(settings: Settings, out: Path) -> Settings:
    """Return the settings with the catalog inside the demo's folder, away from the user's own."""
    return replace(settings, storage=DemoFiles.inside(out).storage, s3_bucket="")


def run_demo(
    out: Path, services: DemoServices, on_stage: OnStage, render: FilmSize | None = None
) -> DemoResult:
    """Match a film and judge the answers; blocks for a minute or so.

    What an earlier run left in the folder is replaced, other files there are left alone.

    Args:
        out: folder for everything; made when it is missing.
        services: built from `demo_settings`.
        on_stage: called with what is being done, parts done and parts in all, None if unknown.
        render: draw pictures and film anew, of that size; None plays what came with skulens.

    Raises:
        Refused: the services keep their catalogs elsewhere, or a picture was refused.
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
    if render is None:
        copy_shipped(files)
    else:
        render_shop(files, render, on_stage)
    prepared = time.perf_counter()
    catalog = _take_in(files, services, on_stage)
    taken_in = time.perf_counter()
    answers = _match(files, services, catalog, on_stage)
    matched = time.perf_counter()
    times = DemoTimes(prepared - started, taken_in - prepared, matched - taken_in)
    score = score_answers(Truth.read(files.truth), answers)
    return DemoResult(score, read_names(files.pictures), files, times)


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
    """Return the `identical` answers among events, each a line of JSON."""
    answers = (read_answer(json.loads(line)) for line in lines)
    return tuple(answer for answer in answers if answer is not None)
