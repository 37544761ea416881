"""A person's way with skulens, from dropped pictures to a name in the live picture."""

from collections.abc import Iterator, Sequence

import httpx2
import pytest
from playwright.sync_api import Browser, expect

from tests.api.web.browsing import Visit, visiting
from tests.api.web.scenery import Good, Scenery

CAMERA = True
pytestmark = [pytest.mark.weights, pytest.mark.timeout(600)]


@pytest.fixture
def visit(browser: Browser, real_url: str) -> Iterator[Visit]:
    with visiting(browser, real_url) as made:
        yield made


@pytest.fixture(scope="module")
def shop(real_url: str, scenery: Scenery) -> str:
    """A catalog with everything but the last product."""
    return fill(real_url, "shop", scenery.goods[:3])


def fill(url: str, catalog: str, goods: Sequence[Good]) -> str:
    with httpx2.Client(base_url=url, timeout=120) as client:
        client.post("/v1/catalogs", json={"catalog": catalog}).raise_for_status()
        for good in goods:
            client.post(
                f"/v1/catalogs/{catalog}/products",
                data={"product_id": good.product_id, "name": good.name},
                files=[("images", (file.name, file.data, file.kind)) for file in good.files],
            ).raise_for_status()
    return catalog


def look_at(visit: Visit, catalog: str, view: str) -> None:
    visit.open(view)
    visit.page.select_option("#catalog-choice", catalog)
    visit.page.wait_for_selector("main .view h1")


def test_pictures_are_dropped_searched_deleted_and_brought_back(
    visit: Visit, real_url: str, scenery: Scenery
) -> None:
    fill(real_url, "new", [])
    look_at(visit, "new", "catalog")
    visit.page.get_by_role("heading", name="Drop pictures of a product").wait_for()
    orange, apple = scenery.goods[:2]
    for good in (orange, apple):
        visit.drop(".drop-target", good.files)
        assert visit.page.get_by_label("Name", exact=True).input_value() == good.name
        visit.page.get_by_label("Product id").fill(good.product_id)
        visit.page.get_by_role("button", name="Add product").last.click()
        visit.page.wait_for_selector(f"[data-product={good.product_id}]", state="attached")
        keep = visit.page.get_by_role("button", name="Keep")
        if keep.count():  # twins may be warned of
            keep.click()
        visit.page.wait_for_selector("dialog", state="detached")
    visit.page.get_by_label("Search products").fill("aple")
    visit.page.get_by_text("“aple” was read as “apple”").wait_for()
    expect(visit.page.locator(".tile")).to_have_count(1)
    visit.page.click("[data-product=lumera-apple].tile")
    visit.page.get_by_role("button", name="Delete product").click()
    visit.page.wait_for_selector("[data-product=lumera-apple]", state="detached")
    visit.page.get_by_role("button", name="Undo").click()
    visit.page.wait_for_selector("[data-product=lumera-apple].tile")


def test_a_picture_of_another_product_is_warned_of_and_taken_out(
    visit: Visit, shop: str, scenery: Scenery
) -> None:
    look_at(visit, shop, "catalog")
    visit.page.wait_for_selector(".tile")
    visit.drop(".drop-target", scenery.goods[0].files[:1])
    visit.page.get_by_label("Product id").fill("impostor")
    visit.page.get_by_role("button", name="Add product").last.click()
    finding = visit.page.locator("[data-fault=duplicate]")
    finding.wait_for()
    assert "lumera-orange" in finding.inner_text()
    visit.page.get_by_role("button", name="Take out again").click()
    visit.page.wait_for_selector("[data-product=impostor]", state="detached")


def test_a_dropped_picture_is_identified_and_explained(
    visit: Visit, shop: str, scenery: Scenery
) -> None:
    look_at(visit, shop, "identify")
    visit.drop(".drop-target", [scenery.photo])
    found = visit.page.locator(".found[data-verdict=identical]")
    found.first.wait_for()
    products = {card.get_attribute("data-product") for card in found.all()}
    assert products == {"lumera-orange", "oatbound-strawberry"}
    visit.page.locator(".found[data-product=lumera-orange]").click()
    visit.page.get_by_text("Lumera orange juice came through every gate.").wait_for()
    assert visit.page.locator(".gates .lost").count() == 0
    visit.until("() => document.querySelector('canvas.pairs').width > 300")
    visit.page.locator(".candidate[data-product=lumera-apple]").click()
    visit.page.get_by_text("Not Lumera apple juice: it was lost at").wait_for()
    assert visit.page.locator(".gates .lost").count() >= 1


def test_the_camera_runs_until_the_right_name_shows(visit: Visit, shop: str) -> None:
    look_at(visit, shop, "live")
    visit.page.get_by_role("button", name="Use this camera").click()
    card = visit.page.locator(".card[data-product=oatbound-strawberry][data-verdict=identical]")
    card.wait_for()
    card.get_by_text("Oatbound Crunch strawberry").wait_for()
    visit.page.locator("[data-state=live]").wait_for()
    visit.until(DRAWN)
    card.get_by_role("button", name="Right").click()
    card.get_by_text("You said: right.").wait_for()
    visit.page.get_by_role("button", name="Stop").click()
    visit.page.get_by_role("button", name="Use this camera").wait_for()
    sessions = visit.page.evaluate("fetch('v1/sessions').then(reply => reply.json())")["sessions"]
    assert {session["state"] for session in sessions} <= {"ended"}


# The green of an outline is on the canvas, which the clip itself has nowhere.
DRAWN = """() => {
  const canvas = document.querySelector('.stage canvas')
  if (!canvas?.width) return false
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  const isNear = at => [53, 213, 146].every((one, index) => Math.abs(data[at + index] - one) < 4)
  for (let at = 0; at < data.length; at += 4) if (isNear(at)) return true
  return false
}"""


def test_a_dropped_video_becomes_a_timeline_that_is_scrubbed(
    visit: Visit, shop: str, scenery: Scenery
) -> None:
    look_at(visit, shop, "video")
    visit.drop(".drop", [scenery.clip])
    visit.page.get_by_role("heading", name="aisle.mp4").wait_for()
    visit.page.locator("[data-state=done]").wait_for(timeout=240_000)
    visit.page.locator(".track[data-product=oatbound-strawberry] .bar-identical").first.wait_for()
    visit.until("() => document.querySelector('video').readyState >= 1")
    assert visit.page.locator("video").get_attribute("src").endswith("annotated.mp4")  # type: ignore[union-attr]
    visit.page.get_by_role("slider").focus()
    visit.press("ArrowRight", "ArrowRight")
    visit.until("() => Math.abs(document.querySelector('video').currentTime - 2) < 0.2")
    row = visit.page.locator("tr[data-product=oatbound-strawberry]")
    assert "Identical" in row.first.inner_text()
    visit.page.get_by_role("button", name="Delete").click()
    visit.page.get_by_role("heading", name="Drop a video").wait_for()
