"""The page in front of stand-ins: names, contrast, keys, empty places, refusals."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.api.http.serving import Service, png, serving
from tests.api.web.browsing import Scheme, Visit, visiting
from tests.api.web.scenery import Dropped

WEB = Path(__file__).parents[3] / "api" / "web"
CHECKS = (Path(__file__).parent / "checks.js").read_text()
VIEWS = ("live", "catalog", "video", "identify", "crops", "system")
TILE = "[data-product=tea].tile"


def test_every_file_that_the_page_names_is_there() -> None:
    named = 0
    for file in sorted(WEB.rglob("*.js")):
        for name in re.findall(r"(?:from |import\()'(\.[^']+)'", file.read_text()):
            assert (file.parent / name).is_file(), f"{file} imports {name}"
            named += 1
    for file in sorted(WEB.rglob("*.css")):
        for name in re.findall(r'url\("([^"]+)"\)', file.read_text()):
            assert (file.parent / name).is_file(), f"{file} names {name}"
            named += 1
    assert named > 50


def test_every_icon_that_the_page_shows_is_there() -> None:
    drawn = set(re.findall(r'symbol id="(\w+)"', (WEB / "icons.svg").read_text()))
    page = (WEB / "index.html").read_text()
    scripts = "".join(file.read_text() for file in WEB.rglob("*.js"))
    shown = set(re.findall(r"icons\.svg#(\w+)", page))
    shown |= set(re.findall(r"(?:\bicon\(|symbol: |symbol = |empty\()'(\w+)'", scripts))
    assert shown <= drawn
    assert drawn - shown <= {"play", "edit", "link"}


def test_nothing_on_the_page_comes_from_elsewhere_or_stands_inline() -> None:
    for file in WEB.rglob("*"):
        if file.suffix in (".js", ".css", ".html"):
            text = file.read_text()
            # The one address is a name: that of SVG's elements.
            assert set(re.findall(r"https?://[\w./]+", text)) <= {"http://www.w3.org/2000/svg"}
            assert "innerHTML" not in text
            assert not re.search(r"<[^>]+\s(?:style|on\w+)=", text)


def test_the_page_comes_with_a_strict_policy(stand_in: Service) -> None:
    reply = stand_in.client.get("/")
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390], ids=["desktop", "phone"])
def test_every_view_can_be_read_named_and_touched(
    browser: Browser, stand_in: Service, scheme: Scheme, width: int
) -> None:
    with visiting(browser, stand_in.url, scheme=scheme, width=width) as visit:
        for view in VIEWS:
            visit.open(view)
            visit.page.wait_for_load_state("networkidle")
            assert visit.page.evaluate(CHECKS) == [], view
        visit.open("catalog")
        visit.page.click(TILE)
        visit.page.wait_for_selector("dialog[open]")
        assert visit.page.evaluate(CHECKS) == []


def test_a_product_is_opened_changed_and_closed_with_keys_alone(visit: Visit) -> None:
    visit.open("live")
    visit.press("Tab")
    assert visit.focused == "Skip to content"
    for name in ("skulens", "Catalog", "Live", "Catalog"):
        visit.press("Tab")
        assert visit.focused == name
    visit.press("Enter")
    visit.page.wait_for_selector(TILE)
    for _ in range(40):
        if visit.focused.startswith("Green tea"):
            break
        visit.press("Tab")
    visit.press("Enter")
    visit.page.wait_for_selector("dialog[open]")
    visit.page.get_by_label("Description").focus()
    visit.page.keyboard.type("From the hills")
    visit.press("Enter", "Tab")  # Enter is a new line here
    visit.press("Escape")
    visit.page.wait_for_selector("dialog", state="detached")
    assert visit.focused.startswith("Green tea")


def test_search_and_filters_narrow_the_grid(visit: Visit) -> None:
    visit.open("catalog")
    tiles = visit.page.locator(".tile")
    expect(tiles).to_have_count(2)
    visit.page.get_by_role("button", name="Oats 1").click()
    visit.page.wait_for_selector(TILE, state="detached")
    assert tiles.all_inner_texts()[0].startswith("Oat milk")
    visit.page.get_by_role("button", name="Oats 1").click()
    visit.page.wait_for_selector(TILE)
    visit.page.get_by_label("Search products").fill("green")
    expect(tiles).to_have_count(1)
    visit.page.get_by_label("Search products").fill("no such thing")
    visit.page.get_by_role("button", name="Show all").click()
    expect(tiles).to_have_count(2)


def test_texts_and_attributes_are_changed(visit: Visit, stand_in: Service) -> None:
    visit.open("catalog/milk")
    visit.page.get_by_label("Name").fill("Oat milk, one litre")
    visit.page.get_by_role("button", name="Add attribute").click()
    visit.press("k", "c", "a", "l", "Tab", "4", "2")
    visit.page.get_by_role("button", name="Save").click()
    visit.page.get_by_text("“Oat milk, one litre” is saved.").wait_for()
    product = stand_in.client.get("/v1/catalogs/shop/products/milk").json()
    assert product["name"] == "Oat milk, one litre"
    assert product["attributes"] == {"brand": "Oats", "kcal": 42}
    visit.page.get_by_text("Oat milk, one litre", exact=True).wait_for()


def test_a_refusal_of_the_service_is_shown_in_its_own_sentence(
    browser: Browser, stand_in: Service
) -> None:
    with visiting(browser, stand_in.url) as visit:
        visit.open("catalog")
        visit.drop(".drop-target", [Dropped("broken.png", b"this is no picture")])
        visit.page.get_by_role("button", name="Add product").last.click()
        problem = visit.page.locator("dialog .problem")
        problem.wait_for()
        assert "broken.png" in problem.inner_text()
        assert problem.inner_text().endswith(".")
        visit.complaints.clear()  # the browser's own note on the 4xx


def test_names_from_people_are_never_read_as_html(visit: Visit, stand_in: Service) -> None:
    stand_in.add("bold", 9, name="<img src=x onerror=alert(1)><b>Bold</b>")
    visit.open("catalog")
    visit.page.get_by_text("<b>Bold</b>").wait_for()
    stand_in.client.delete("/v1/catalogs/shop/products/bold").raise_for_status()


def test_a_deleted_product_comes_back_from_the_list_of_deleted_ones(
    visit: Visit, stand_in: Service
) -> None:
    stand_in.add("soap", 5, name="Soap")
    stand_in.client.delete("/v1/catalogs/shop/products/soap").raise_for_status()
    visit.open("catalog")
    visit.page.get_by_role("button", name="Deleted").click()
    visit.page.get_by_role("listitem").filter(has_text="Soap").get_by_role("button").click()
    visit.page.wait_for_selector("[data-product=soap]")
    visit.press("Escape")


def test_dark_is_chosen_and_kept(visit: Visit) -> None:
    visit.open("system")
    visit.page.get_by_role("button", name="Dark").click()
    visit.open("live")
    assert visit.page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"


@pytest.fixture(scope="module")
def empty_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("empty")) as running:
        yield running


def test_without_a_catalog_every_view_says_what_to_do_first(
    browser: Browser, empty_service: Service
) -> None:
    with visiting(browser, empty_service.url) as visit:
        for view in VIEWS:
            visit.open(view)
            visit.page.wait_for_load_state("networkidle")
            assert visit.page.evaluate(CHECKS) == [], view
        visit.open("live")
        visit.page.get_by_role("link", name="Make a catalog").click()
        visit.page.get_by_label("Name").fill("Käse & Co")
        visit.page.get_by_role("button", name="Make catalog").click()
        visit.page.get_by_role("heading", name="Drop pictures of a product").wait_for()
        assert visit.page.locator("#catalog-choice").input_value() == "kase-co"
        visit.drop(".drop-target", [Dropped("Brie.png", png(3))])
        visit.page.get_by_role("button", name="Add product").last.click()
        visit.page.wait_for_selector("[data-product=brie].tile")
