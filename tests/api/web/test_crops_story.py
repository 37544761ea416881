"""The view Crops before the real service: what is answered, taken along and refused."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.api.http.routes.crops import pictures
from tests.api.http.routes.crops.asking import ANSWERED, REFUSED
from tests.api.web.browsing import Visit, visiting
from tests.api.web.scenery import Dropped, Scenery

PART = (120, 80, 420, 330)  # pixels of the photo: left, top, right, bottom
pytestmark = [pytest.mark.weights, pytest.mark.timeout(600)]


@pytest.fixture
def visit(browser: Browser, real_url: str) -> Iterator[Visit]:
    with visiting(browser, real_url) as made:
        yield made


def look(visit: Visit, tool: str, *files: Dropped) -> None:
    visit.open(f"crops/{tool}")
    visit.drop(".drop-target", files)


def part_of(photo: Dropped) -> Dropped:
    file = io.BytesIO()
    Image.open(io.BytesIO(photo.data)).convert("RGB").crop(PART).save(file, "JPEG", quality=85)
    return Dropped("part.jpg", file.getvalue(), "image/jpeg")


def test_what_is_meant_holds_the_point_that_is_tapped(visit: Visit, scenery: Scenery) -> None:
    look(visit, "region", scenery.photo)
    visit.page.wait_for_selector(".found")
    canvas = visit.page.locator(".crop-picture")
    bounds = canvas.bounding_box()
    assert bounds is not None
    with visit.page.expect_response("**/propose*point=*") as answered:
        canvas.click(position={"x": bounds["width"] * 0.68, "y": bounds["height"] * 0.5})
    left, top, right, bottom = answered.value.json()["proposals"][0]["box"]
    assert left < 960 * 0.68 < right
    assert top < 540 * 0.5 < bottom
    visit.page.get_by_role("button", name="Without the point").wait_for()


def test_a_thumbnail_has_the_wanted_shape(visit: Visit, scenery: Scenery) -> None:
    look(visit, "thumbnails", scenery.photo)
    visit.page.get_by_label("Another aspect").fill("2:1")
    visit.press("Enter")
    visit.page.wait_for_selector(".shot[data-aspect='2:1']")
    with visit.page.expect_download() as taken:
        visit.page.get_by_role("button", name="Download 2:1").click()
    width, height = Image.open(io.BytesIO(Path(taken.value.path()).read_bytes())).size
    assert abs(width - 2 * height) <= 2  # pixels
    with visit.page.expect_response("**/thumbnail?saliency=true*") as answered:
        visit.page.get_by_label("Show where people look").check()
    assert answered.value.json()["saliency"].startswith("data:image/")


def test_a_cut_out_is_located_to_the_pixel(visit: Visit, scenery: Scenery) -> None:
    look(visit, "locate", part_of(scenery.photo), scenery.photo)
    conclusion = visit.page.locator(".conclusion")
    expect(conclusion).to_have_text(
        "part.jpg is a crop of photo.png; its top-left corner lies at (120, 80)."
    )
    expect(visit.page.locator("figcaption").first).to_contain_text("part.jpg, the crop")
    visit.page.get_by_role("img", name="The difference after alignment").wait_for()


def test_of_several_pictures_the_one_that_it_was_cut_from_is_named(
    visit: Visit, scenery: Scenery
) -> None:
    stranger = Dropped("stranger.png", pictures.encoded(pictures.scene(3)))
    look(visit, "locate", part_of(scenery.photo))
    visit.drop(".crop-pair .drop", [stranger, scenery.photo])
    visit.page.get_by_text("part.jpg was looked for in 2 pictures; one is related.").wait_for()
    expect(visit.page.locator(".found")).to_contain_text("photo.png")
    visit.page.get_by_role("img", name="The difference after alignment").wait_for()


def test_what_the_service_refuses_stands_at_its_place(
    browser: Browser, real_url: str, scenery: Scenery
) -> None:
    with visiting(browser, real_url) as visit:
        note = Dropped("note.jpg", b"Dear all, this is no picture.", "image/jpeg")
        problem = visit.page.get_by_role("tabpanel").get_by_role("alert")
        for tool, files in (("region", [note]), ("thumbnails", [note]), ("locate", [note] * 2)):
            look(visit, tool, *files)
            expect(problem).to_contain_text("note.jpg is not a picture that can be read; give one")
        look(visit, "thumbnails", scenery.photo)
        for aspect in ("0:1", "1:100", "wide"):
            visit.page.get_by_label("Another aspect").fill(aspect)
            visit.press("Enter")
            expect(problem).to_contain_text("aspect")
            expect(problem).to_contain_text(aspect)
        visit.complaints.clear()  # the browser's own notes on the 4xx


@pytest.mark.parametrize(
    ("tool", "shown"), [("region", ".found"), ("thumbnails", ".shot"), ("locate", ".conclusion")]
)
def test_odd_pictures_end_in_an_answer_or_a_sentence(
    browser: Browser, real_url: str, tool: str, shown: str
) -> None:
    with visiting(browser, real_url) as visit:
        for name, data in {
            **ANSWERED,
            **{name: data for name, (data, _) in REFUSED.items()},
        }.items():
            kind = name.rpartition(".")[2].replace("jpg", "jpeg")
            odd = Dropped(name, data, f"image/{kind}")
            look(visit, tool, *[odd] * (2 if tool == "locate" else 1))
            if name in ANSWERED:
                visit.page.wait_for_selector(shown)
                expect(visit.page.get_by_role("tabpanel").get_by_role("alert")).to_have_count(0)
            else:
                problem = visit.page.get_by_role("tabpanel").get_by_role("alert")
                expect(problem).to_contain_text(f"{name} is")
        visit.complaints.clear()  # the browser's own notes on the 4xx
