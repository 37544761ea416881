"""The report page."""

import base64
import re
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree as ET

import pytest

from api.video.report_page import (
    AppearanceCard,
    StageTiming,
    UnknownCard,
    VideoReport,
    clock,
    write_report,
)
from catalog.errors import PictureError
from matcher.results import Verdict
from tests.api.drawing.comparisons import comparison, decoded, jpeg

NASTY = "<script>alert('1')</script>\"&amp;\x00\x0b]]> http://example.com/x"


def card(number: int = 1, **changes: object) -> AppearanceCard:
    return replace(
        AppearanceCard(
            appearance_id=f"a{number}",
            product_id="oat-milk",
            product_name="Oat milk 1 l",
            verdict=Verdict.IDENTICAL,
            probability=0.973,
            entered_s=1.0,
            left_s=4.5,
            track_ids=(3, 8),
            inliers=57,
            coverage=0.61,
            agreement=0.83,
            comparison=comparison(),
        ),
        **changes,  # type: ignore[arg-type]
    )


def report(**changes: object) -> VideoReport:
    return replace(
        VideoReport(
            source_name="shelf.mp4",
            catalog="drinks",
            product_count=12,
            index_version=41,
            skulens_version="0.1.0",
            created_at="1 May 2026, 12:00",
            duration_s=20.0,
            frame_count=500,
            width=1280,
            height=720,
            elapsed_s=25.0,
            notes=("shelf.mp4 ends early",),
            appearances=(card(1), card(2, entered_s=3.0, left_s=6.0, verdict=Verdict.SIMILAR)),
            unknowns=(UnknownCard("u1", 2.0, 3.0, jpeg(), "Oat milk 1 l", 0.2),),
            timings=(StageTiming("detect", 500, 9000.0, 17.5, 21.0),),
        ),
        **changes,  # type: ignore[arg-type]
    )


def parsed(page: str) -> ET.Element:
    return ET.fromstring(page.removeprefix("<!DOCTYPE html>\n"))


def addresses(page: str) -> list[str]:
    """Everything that a browser would fetch or go to."""
    return [
        value
        for element in parsed(page).iter()
        for name, value in element.items()
        if name in ("src", "href", "srcset", "action", "data")
    ]


def render(report: VideoReport) -> str:
    with TemporaryDirectory() as folder:
        write_report(report, Path(folder) / "report.html")
        return (Path(folder) / "report.html").read_text(encoding="utf-8")


def tags(page: str) -> set[str]:
    return {element.tag for element in parsed(page).iter()}


def test_the_page_is_well_formed() -> None:
    root = parsed(render(report()))
    assert root.tag == "html"


def test_the_page_needs_nothing_but_itself() -> None:
    page = render(report())
    assert len(addresses(page)) > 5
    assert all(address.startswith(("data:image/jpeg;base64,", "#")) for address in addresses(page))
    assert not tags(page) & {"script", "link", "iframe", "object", "embed", "form", "base"}
    assert not re.search(r"https?://|//\w+\.|@import|url\(", page)


def test_links_of_the_timeline_lead_to_the_cards() -> None:
    root = parsed(render(report()))
    ids = {element.get("id") for element in root.iter() if element.get("id")}
    targets = {(element.get("href") or "")[1:] for element in root.iter("a")}
    assert targets == ids == {"appearance-a1", "appearance-a2", "appearance-u1"}


def test_the_page_says_what_was_found() -> None:
    text = " ".join("".join(parsed(render(report())).itertext()).split())
    for expected in (
        "shelf.mp4",
        "drinks",
        "index version 41",
        "skulens 0.1.0",
        "shelf.mp4 ends early",
        "Oat milk 1 l",
        "oat-milk · 0:01.0 to 0:04.5 · track 3, 8",
        "97%",
        "identical",
        "similar",
        "57",
        "61%",
        "0.83",
        "nearest: Oat milk 1 l, 20%",
        "17.5 ms",
        "20.0 frames/s",
    ):
        assert expected in text


def test_every_picture_of_the_page_can_be_decoded() -> None:
    root = parsed(render(report()))
    sources = [element.get("src") or "" for element in root.iter("img")]
    assert len(sources) == 4  # a thumbnail, two cards, one unknown
    for source in sources:
        assert decoded(base64.b64decode(source.partition(",")[2])).ndim == 3


def test_whatever_people_name_things_is_escaped() -> None:
    page = render(
        report(
            source_name=NASTY,
            catalog=NASTY,
            created_at=NASTY,
            skulens_version=NASTY,
            notes=(NASTY,),
            appearances=(card(appearance_id=NASTY, product_name=NASTY, product_id=NASTY),),
            unknowns=(UnknownCard("u1", 2.0, 3.0, None, NASTY, 0.2),),
            timings=(StageTiming(NASTY, 1, 1.0, 1.0, 1.0),),
        )
    )
    assert "script" not in tags(page)
    assert "<script" not in page
    assert "\x00" not in page
    assert "\x0b" not in page
    assert "alert" in page


def test_an_empty_video_has_a_page_too() -> None:
    page = render(
        report(
            duration_s=0.0,
            frame_count=1,
            elapsed_s=None,
            notes=(),
            appearances=(),
            unknowns=(),
            timings=(),
        )
    )
    assert "Nothing that looks like a product" in "".join(parsed(page).itertext())


def test_cards_without_a_verification_have_no_figures() -> None:
    bare = card(inliers=None, coverage=None, agreement=None, comparison=None)
    text = "".join(parsed(render(report(appearances=(bare,)))).itertext())
    assert "no picture was kept" in text
    assert "inliers" not in text


def test_bars_that_overlap_lie_above_each_other_and_inside_the_timeline() -> None:
    times = [(0.0, 5.0), (1.0, 2.0), (6.0, 9.0), (19.99, 25.0), (20.0, 20.0)]
    cards = tuple(card(n, entered_s=a, left_s=b) for n, (a, b) in enumerate(times))
    page = render(report(appearances=cards, unknowns=()))
    styles = re.findall(
        r'class="bar [^"]*"[^>]*style="left: ([\d.]+)%; width: ([\d.]+)%; --level: (\d)', page
    )
    bars = [(float(left), float(width), int(level)) for left, width, level in styles]
    assert [level for *_, level in bars][:3] == [0, 1, 0]
    assert all(left >= 0 and width > 0 and left + width <= 100.01 for left, width, _ in bars)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00.0"), (3.44, "0:03.4"), (59.96, "1:00.0"), (3723.4, "1:02:03.4"), (-1, "0:00.0")],
)
def test_times_are_written_like_clocks(seconds: float, text: str) -> None:
    assert clock(seconds) == text


@pytest.mark.parametrize("duration", [0.3, 7.0, 90.0, 601.0, 7200.0, 500_000.0])
def test_the_timeline_has_a_readable_number_of_times(duration: float) -> None:
    root = parsed(render(report(duration_s=duration)))
    ticks = [element for element in root.iter("span") if element.get("class") == "tick"]
    assert 1 <= len(ticks) <= 11


def test_the_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    broken = replace(comparison(), reference=b"this is no picture")
    with pytest.raises(PictureError):
        write_report(report(appearances=(card(comparison=broken),)), path)
    assert list(tmp_path.iterdir()) == []
    write_report(report(), path)
    assert path.read_text(encoding="utf-8") == render(report())
    assert list(tmp_path.iterdir()) == [path]
