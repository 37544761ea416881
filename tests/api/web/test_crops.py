"""The view Crops before answers by contract: what is drawn, chosen, taken along and refused."""

import io
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Browser, expect

from tests.api.http.serving import Service, png
from tests.api.web.browsing import Scheme, Visit, visiting
from tests.api.web.crop_answers import (
    SIZE,
    among,
    answer_with,
    crop,
    proposals,
    refuse_with,
    thumbnails,
    two_places,
)
from tests.api.web.scenery import Dropped

CHECKS = (Path(__file__).parent / "checks.js").read_text()
HALL = Dropped("hall.png", png(4, *SIZE))
PART = Dropped("part.png", png(5, 120, 90))
ROOM = Dropped("room.png", png(6, *SIZE))


@pytest.fixture
def visit(browser: Browser, stand_in: Service) -> Iterator[Visit]:
    with visiting(browser, stand_in.url) as made:
        give_answers(made)
        yield made


def give_answers(visit: Visit) -> None:
    answer_with(visit.page, "propose", proposals)
    answer_with(visit.page, "thumbnail", thumbnails)
    answer_with(visit.page, "locate", crop)


def look(visit: Visit, tool: str, *files: Dropped) -> None:
    visit.open(f"crops/{tool}")
    visit.drop(".drop-target", files)


def downloaded(visit: Visit, name: str) -> tuple[str, tuple[int, int]]:
    """The file behind a button: how it is called, and its width and height."""
    called, picture = taken_along(visit, name)
    return called, picture.size


def taken_along(visit: Visit, name: str) -> tuple[str, Image.Image]:
    with visit.page.expect_download() as taken:
        visit.page.get_by_role("button", name=name).click()
    data = Path(taken.value.path()).read_bytes()
    return taken.value.suggested_filename, Image.open(io.BytesIO(data))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390], ids=["desktop", "phone"])
def test_every_answer_can_be_read_named_and_touched(
    browser: Browser, stand_in: Service, scheme: Scheme, width: int
) -> None:
    with visiting(browser, stand_in.url, scheme=scheme, width=width) as visit:
        give_answers(visit)
        for tool, shown in (("region", ".found"), ("thumbnails", ".shot"), ("locate", "table")):
            look(visit, tool, HALL, *([PART] if tool == "locate" else []))
            visit.page.wait_for_selector(shown)
            assert visit.page.evaluate(CHECKS) == [], tool


def test_what_is_meant_is_drawn_and_an_alternative_is_chosen(visit: Visit) -> None:
    look(visit, "region", HALL)
    lines = visit.page.locator(".found")
    expect(lines).to_have_count(3)
    visit.page.get_by_text("A painting is meant. 18").wait_for()
    visit.page.get_by_text("42, 30 · 200, 30 · 200, 150 · 42, 150").wait_for()
    visit.until(IS_DRAWN)
    lines.nth(1).click()
    assert lines.nth(1).get_attribute("aria-pressed") == "true"
    assert visit.focused.startswith("2Object")
    assert downloaded(visit, "Download") == ("hall-region.png", (70, 120))


def test_a_painting_is_taken_straightened(visit: Visit) -> None:
    look(visit, "region", HALL)
    visit.page.wait_for_selector(".found")
    called, straight = taken_along(visit, "Straightened")
    assert called == "hall-straight.png"
    # These corners are a rectangle already, so every pixel is where it was.
    upright = Image.open(io.BytesIO(HALL.data)).crop((42, 30, 200, 150))
    difference = np.asarray(ImageChops.difference(straight.convert("RGB"), upright))
    assert difference.max() <= 1


def test_a_tap_says_what_else_is_meant_and_is_taken_back(visit: Visit) -> None:
    look(visit, "region", HALL)
    visit.page.wait_for_selector(".found")
    bounds = visit.page.locator(".crop-picture").bounding_box()
    assert bounds is not None
    with visit.page.expect_request("**/propose*") as requested:
        visit.page.mouse.click(
            bounds["x"] + bounds["width"] * 0.75, bounds["y"] + bounds["height"] * 0.5
        )
    x, y = map(float, re.findall(r"[\d.]+", requested.value.url.partition("point=")[2]))
    assert abs(x - 240) < 1.5
    assert abs(y - 120) < 1.5
    expect(visit.page.locator(".found").first).to_contain_text("Object")
    visit.page.get_by_role("button", name="Without the point").click()
    expect(visit.page.locator(".found").first).to_contain_text("Painting")


def test_pointing_works_with_keys_alone(visit: Visit) -> None:
    look(visit, "region", HALL)
    visit.page.wait_for_selector(".found")
    visit.page.locator(".segment[aria-selected=true]").focus()
    visit.press("Tab")
    assert visit.focused.startswith("hall.png. Tap what you mean")
    visit.press("Enter")  # no cross yet, so nothing is requested
    with visit.page.expect_request("**/propose*") as requested:
        visit.press("ArrowRight", "ArrowRight", "ArrowDown", "Enter")
    assert requested.value.url.endswith("point=192.0,136.0")
    visit.page.get_by_role("button", name="Without the point").wait_for()


def test_the_tools_are_tabs_that_arrows_go_through(visit: Visit) -> None:
    visit.open("crops")
    visit.page.get_by_role("tab", name="Region").focus()
    visit.press("ArrowRight")
    assert visit.focused == "Thumbnails"
    visit.press("End")
    assert visit.focused == "Locate"
    assert visit.page.url.endswith("#/crops/locate")
    visit.press("ArrowRight")
    assert visit.focused == "Region"
    panel = visit.page.get_by_role("tabpanel", name="Region")
    panel.get_by_role("heading", name="Drop or paste a picture").wait_for()


def test_thumbnails_stand_beside_each_other_and_each_is_taken(visit: Visit) -> None:
    look(visit, "thumbnails", HALL)
    shots = visit.page.locator(".shot")
    expect(shots).to_have_count(3)
    visit.page.get_by_role("button", name="9:16", exact=True).click()
    expect(shots).to_have_count(4)
    expect(shots.last).to_contain_text("Cuts a face")
    square = visit.page.locator(".shot[data-aspect='1:1']")
    expect(square).to_contain_text("Keeps the face whole.")
    square.get_by_role("button", name="Choice 2 of 2").click()
    expect(square).to_contain_text("Shows more of the ground.")
    assert visit.focused == "Choice 2 of 2"
    assert downloaded(visit, "Download 1:1") == ("hall-1x1.png", (240, 240))
    visit.page.get_by_label("Size to download").select_option("160")
    expect(square).to_contain_text("Shows more of the ground.")
    assert downloaded(visit, "Download 1:1") == ("hall-1x1.png", (160, 160))


def test_faces_and_saliency_are_switched_on(visit: Visit) -> None:
    look(visit, "thumbnails", HALL)
    visit.page.get_by_text("One face is seen").wait_for()
    before = visit.page.evaluate(PICTURE)
    visit.page.get_by_label("Show faces").check()
    with_faces = visit.page.evaluate(PICTURE)
    assert with_faces != before
    with visit.page.expect_response("**/thumbnail?saliency=true*"):
        visit.page.get_by_label("Show where people look").check()
    visit.until(f"() => ({PICTURE})() !== {with_faces!r}")


def test_an_aspect_of_ones_own_is_added_and_a_refused_one_is_explained_at_its_place(
    browser: Browser, stand_in: Service
) -> None:
    with visiting(browser, stand_in.url) as visit:
        give_answers(visit)
        look(visit, "thumbnails", HALL)
        own = visit.page.get_by_label("Another aspect")
        own.fill("21:9")
        visit.press("Enter")
        visit.page.wait_for_selector(".shot[data-aspect='21:9']")
        assert own.input_value() == ""
        refuse_with(visit.page, "thumbnail", 422, "aspect: '1:100' is too long; give 1:20 at most")
        own.fill("1:100")
        visit.press("Enter")
        problem = visit.page.locator(".problem")
        expect(problem).to_have_text("aspect: '1:100' is too long; give 1:20 at most.")
        assert own.input_value() == "1:100"
        expect(visit.page.locator(".shot")).to_have_count(4)  # those before stay
        visit.complaints.clear()  # the browser's own note on the 422


def test_two_dropped_pictures_are_located_in_each_other(visit: Visit) -> None:
    look(visit, "region", HALL, PART)
    visit.page.get_by_text("part.png is a crop of hall.png; its top-left corner").wait_for()
    assert visit.page.get_by_role("tab", name="Locate").get_attribute("aria-selected") == "true"
    table = visit.page.get_by_role("table", name="Where the crop lies in the full picture")
    expect(table).to_contain_text("80.0 px")
    visit.until(IS_DRAWN)
    assert downloaded(visit, "Download the difference")[0] == "hall-difference.jpg"
    with visit.page.expect_request("**/locate?mirrored=true*"):
        visit.page.get_by_label("Also when mirrored").check()
    expect(table).to_contain_text("MirroredYes")


def test_the_other_picture_may_come_later(visit: Visit) -> None:
    look(visit, "locate", HALL)
    visit.page.get_by_role("heading", name="Now the other picture").wait_for()
    visit.drop(".crop-pair .drop", [PART])
    visit.page.get_by_text("part.png is a crop of hall.png").wait_for()
    expect(visit.page.locator("figcaption").first).to_contain_text("A hall.png, the full picture")


def test_of_three_pictures_the_smallest_is_looked_for_in_the_others(visit: Visit) -> None:
    answer_with(visit.page, "locate", partial(among, 2))
    with visit.page.expect_request("**/locate?mirrored=false") as requested:
        look(visit, "region", HALL, PART, ROOM)
    form = requested.value.post_data_buffer or b""
    fields = re.findall(rb'name="(\w+)"; filename="(\w+\.png)"', form)
    assert fields[0] == (b"image", b"part.png")
    assert sorted(fields[1:]) == [(b"among", b"hall.png"), (b"among", b"room.png")]
    visit.page.get_by_text("part.png was looked for in 2 pictures; 2 are related.").wait_for()
    related = visit.page.locator(".found")
    expect(related).to_have_count(2)
    expect(related.first).to_have_attribute("aria-pressed", "true")
    visit.page.get_by_role("table", name="Where the crop lies in the full picture").wait_for()
    second = related.nth(1)
    shown = second.locator(".strong").inner_text()
    second.click()
    expect(visit.page.locator("figcaption").nth(1)).to_contain_text(f"B {shown}")
    assert visit.page.evaluate(CHECKS) == []


def test_pictures_that_come_later_are_searched_for_the_one_before(visit: Visit) -> None:
    answer_with(visit.page, "locate", partial(among, 0))
    look(visit, "locate", ROOM)
    with visit.page.expect_request("**/locate?mirrored=false") as requested:
        visit.drop(".crop-pair .drop", [PART, HALL])
    assert b'name="image"; filename="room.png"' in (requested.value.post_data_buffer or b"")
    visit.page.get_by_text("room.png was looked for in 2 pictures; none is related.").wait_for()
    expect(visit.page.locator(".conclusion")).to_have_text("None of the 2 pictures is related.")
    expect(visit.page.locator(".found")).to_have_count(0)
    with visit.page.expect_request("**/locate?mirrored=true"):
        visit.page.get_by_label("Also when mirrored").check()
    visit.page.get_by_role("tab", name="Region").click()
    expect(visit.page.locator(".found")).to_have_count(3)


@pytest.mark.parametrize("relation", ["overlap", "ambiguous"])
def test_every_place_is_drawn_and_listed(visit: Visit, relation: str) -> None:
    answer_with(visit.page, "locate", partial(two_places, relation))
    look(visit, "locate", HALL, PART)
    table = visit.page.get_by_role("table", name="Where the two agree")
    expect(table.get_by_role("row")).to_have_count(3)
    expect(table).to_contain_text("200.0, 10.0, 80.0 ")
    visit.until(IS_DRAWN)


def test_coordinates_are_copied(browser: Browser, stand_in: Service) -> None:
    with visiting(browser, stand_in.url) as visit:
        give_answers(visit)
        visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        look(visit, "region", HALL)
        visit.page.get_by_role("button", name="Copy coordinates").click()
        visit.page.get_by_text("The coordinates are on the clipboard.").wait_for()
        copied = visit.page.evaluate("navigator.clipboard.readText().then(JSON.parse)")
        assert copied["box"] == [40, 30, 200, 150]
        assert (copied["image"], copied["width"]) == ("hall.png", 320)


@pytest.mark.parametrize(("tool", "kind"), [("region", "propose"), ("locate", "locate")])
def test_a_refusal_stands_at_its_place_and_what_may_pass_is_tried_again(
    browser: Browser, stand_in: Service, tool: str, kind: str
) -> None:
    with visiting(browser, stand_in.url) as visit:
        give_answers(visit)
        refuse_with(visit.page, kind, 503, "the service is full; try again in a second")
        look(visit, tool, HALL, *([PART] if tool == "locate" else []))
        problem = visit.page.get_by_role("tabpanel").get_by_role("alert")
        expect(problem).to_have_text("the service is full; try again in a second.")
        give_answers(visit)
        visit.page.get_by_role("button", name="Try again").click()
        visit.page.wait_for_selector(".found, .conclusion")
        expect(problem).to_have_count(0)
        visit.complaints.clear()  # the browser's own note on the 503


def test_a_dropped_text_is_refused_as_no_picture(visit: Visit) -> None:
    look(visit, "region", Dropped("note.txt", b"no picture", "text/plain"))
    visit.page.get_by_text("That is no picture; give a JPEG, PNG or WebP file.").wait_for()


def test_what_only_the_service_can_read_is_answered_without_being_shown(visit: Visit) -> None:
    file = io.BytesIO()
    Image.new("RGB", SIZE, "teal").save(file, "TIFF")
    scan = Dropped("scan.tif", file.getvalue(), "image/tiff")
    look(visit, "region", scan)
    visit.page.get_by_text("This browser cannot show the picture.").wait_for()
    expect(visit.page.locator(".found")).to_have_count(3)
    expect(visit.page.get_by_role("button", name="Download")).to_have_count(0)
    with visit.page.expect_request("**/thumbnail?*pictures=true*"):
        visit.page.get_by_role("tab", name="Thumbnails").click()
    expect(visit.page.get_by_role("img", name="The thumbnail 1:1")).to_be_visible()
    assert downloaded(visit, "Download 1:1")[0] == "scan-1x1.jpg"


def test_a_turned_photo_stands_upright(visit: Visit) -> None:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    Image.new("RGB", (160, 90), "teal").save(file, "JPEG", exif=exif)
    look(visit, "region", Dropped("phone.jpg", file.getvalue(), "image/jpeg"))
    visit.page.wait_for_selector(".found")
    bounds = visit.page.locator(".crop-picture").bounding_box()
    assert bounds is not None
    assert abs(bounds["height"] / bounds["width"] - 160 / 90) < 0.03


PICTURE = "() => document.querySelector('.crop-picture').toDataURL()"
# The violet of an outline is on the canvas, which the pictures have nowhere in a row.
IS_DRAWN = """() => {
  const canvas = document.querySelector('.crop-picture')
  if (!canvas?.width) return false
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  const isNear = at => [189, 182, 255].every((one, index) => Math.abs(data[at + index] - one) < 4)
  let inRow = 0
  for (let at = 0; at < data.length && inRow < 8; at += 4) inRow = isNear(at) ? inRow + 1 : 0
  return inRow >= 8
}"""
