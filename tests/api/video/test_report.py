"""From the outcome of a video to its report and its JSON."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from api.drawing.comparison import encode_jpeg
from api.settings import Settings
from api.video.outcome import VideoOutcome, video_result_json
from api.video.report import build_report
from api.video.report_page import StageTiming
from catalog.ingest.image_file import ImageFile
from catalog.snapshot import Catalog
from matcher.imaging.box import Box
from matcher.results import Detection, Match, Verdict, Verification
from matcher.tracking.appearance import AppearanceSummary, Sighting, View
from matcher.tracking.voting import VoteResult
from stream.video.file import FileSource
from tests.api.cli.test_video import tea_clip
from tests.api.shop import FakeServices
from tests.catalog.support.fakes import pixels

BOX = Box(0, 0, 64, 48)
NO_OUTLINE = np.zeros((0, 2), np.float32)
TIMING = StageTiming("detect", 3, 30.0, 10.0, 12.0)


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """A snapshot of a catalog that holds tea."""
    Image.fromarray(pixels(1, 64, 48)).save(tmp_path / "tea.png")
    services = FakeServices(Settings(storage=tmp_path / "data", cache_dir=tmp_path / "cache"))
    store = services.catalogs.create("shop")
    image = ImageFile("tea.png", (tmp_path / "tea.png").read_bytes())
    store.add_product("tea", [image], name="Green tea")
    return store.snapshot()


@pytest.fixture
def source(tmp_path: Path) -> Iterator[FileSource]:
    with closing(FileSource(tea_clip(tmp_path / "clip.mp4"))) as opened:
        yield opened


def appearance(catalog: Catalog, verified: str = "tea", **answer: object) -> AppearanceSummary:
    """An appearance named tea, whose best view was verified as a product."""
    (image,) = catalog.products["tea"].images
    check = Verification(
        verified, image.image_id, 40, np.zeros((0, 4), np.float32), NO_OUTLINE, 0.5, 0.8
    )
    match = Match(Detection(BOX, 0.9), Verdict.IDENTICAL, verified, 0.9, check, ())
    first, last = (Sighting(n, n / 25, BOX, NO_OUTLINE) for n in (0, 20))
    best = View(first, match, BOX, encode_jpeg(pixels(1, 64, 48)))
    vote = VoteResult("tea", Verdict.IDENTICAL, 0.98765)
    return AppearanceSummary("a1", replace(vote, **answer), first, last, (1,), 3, best)  # type: ignore[arg-type]


def outcome(*appearances: AppearanceSummary, resumed_at: int = 0) -> VideoOutcome:
    return VideoOutcome(appearances, 30, 1.2, 3.5, resumed_at, "it ends early", (TIMING,))


def test_a_named_appearance_is_a_card_with_its_comparison(
    catalog: Catalog, source: FileSource
) -> None:
    report = build_report(source, catalog, outcome(appearance(catalog)))
    (card,) = report.appearances
    assert (card.product_name, card.entered_s, card.left_s) == ("Green tea", 0.0, 0.8)
    assert (card.inliers, card.coverage, card.agreement) == (40, 0.5, 0.8)
    assert card.comparison is not None
    assert report.notes == ("it ends early",)
    assert (report.elapsed_s, report.timings) == (3.5, (TIMING,))


def test_a_view_of_another_product_than_the_votes_proves_nothing(
    catalog: Catalog, source: FileSource
) -> None:
    report = build_report(source, catalog, outcome(appearance(catalog, verified="milk")))
    (card,) = report.appearances
    assert (card.inliers, card.comparison) == (None, None)


def test_an_unknown_appearance_names_the_nearest_product(
    catalog: Catalog, source: FileSource
) -> None:
    unknown = appearance(catalog, verdict=Verdict.UNKNOWN, probability=0.2)
    report = build_report(source, catalog, outcome(unknown))
    assert report.appearances == ()
    assert [card.nearest_name for card in report.unknowns] == ["Green tea"]


def test_a_resumed_job_has_no_durations(catalog: Catalog, source: FileSource) -> None:
    report = build_report(source, catalog, outcome(resumed_at=10))
    assert (report.elapsed_s, report.timings) == (None, ())


def test_the_json_of_an_outcome_is_rounded(catalog: Catalog) -> None:
    result = video_result_json(outcome(appearance(catalog)), is_annotated=True)
    (seen,) = result["appearances"]
    assert (seen["probability"], seen["to_s"], seen["inliers"]) == (0.9877, 0.8, 40)
    assert (result["frames"], result["annotated"], result["resumed_at"]) == (30, True, 0)
