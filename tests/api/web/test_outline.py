"""The part that is kept of reference pictures, drawn on the page and chosen by hand."""

import numpy as np
from playwright.sync_api import Locator

from catalog.records.shared_cells import GRID, pack_cells
from catalog.registry import Catalogs
from catalog.storage.folder import FolderStorage
from tests.api.http.serving import Service, png
from tests.api.shop import NETWORKS
from tests.api.web.browsing import Visit
from tests.api.web.scenery import Dropped
from tests.catalog.support.fakes import FakeEncoder

PRODUCT = "/v1/catalogs/shop/products/kept"


def open_editor(visit: Visit, service: Service) -> Locator:
    service.client.delete(PRODUCT)
    service.add("kept", 11, name="Kept")
    visit.open("catalog")
    visit.page.click("[data-product=kept].tile")
    tile = visit.page.get_by_role("button", name="Change what is kept")
    tile.click()
    return visit.page.locator("dialog", has_text="Drag the corners")


def outline_of(service: Service) -> tuple[str, list[list[float]]]:
    kept = service.client.get(f"{PRODUCT}/images").json()["kept"][0]
    return kept["by"], kept["outline"]


def test_corners_are_moved_by_keys_and_saved(visit: Visit, stand_in: Service) -> None:
    dialog = open_editor(visit, stand_in)
    dialog.get_by_role("button", name="Top left corner").focus()
    visit.press(*["ArrowRight"] * 10, *["ArrowDown"] * 10)
    dialog.get_by_role("button", name="Save").click()
    dialog.wait_for(state="detached")
    assert outline_of(stand_in) == ("person", [[6, 6], [64, 0], [64, 48], [0, 48]])
    visit.page.get_by_text("Photo, chosen").wait_for()


def test_a_corner_is_dragged_and_the_choice_is_taken_back(visit: Visit, stand_in: Service) -> None:
    dialog = open_editor(visit, stand_in)
    handle = dialog.get_by_role("button", name="Bottom right corner").bounding_box()
    stage = dialog.locator(".kept-stage").bounding_box()
    assert handle is not None
    assert stage is not None
    mouse = visit.page.mouse
    mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
    mouse.down()
    mouse.move(stage["x"] + stage["width"] / 2, stage["y"] + 0.75 * stage["height"], steps=4)
    mouse.up()
    dialog.get_by_role("button", name="Save").click()
    dialog.wait_for(state="detached")
    assert outline_of(stand_in) == ("person", [[0, 0], [64, 0], [32, 36], [0, 48]])
    visit.page.get_by_role("button", name="Change what is kept").click()
    dialog.get_by_role("button", name="Whole picture").click()
    dialog.get_by_role("button", name="Save").click()
    visit.page.get_by_text("Whole picture, chosen").wait_for()
    visit.page.get_by_role("button", name="Change what is kept").click()
    dialog.get_by_role("button", name="Find it again").click()
    dialog.wait_for(state="detached")
    assert outline_of(stand_in)[0] == "nothing"


def test_an_outline_that_is_dented_is_refused_in_a_sentence(
    visit: Visit, stand_in: Service
) -> None:
    dialog = open_editor(visit, stand_in)
    dialog.get_by_role("button", name="Top left corner").focus()
    visit.press(*["ArrowRight"] * 90, *["ArrowDown"] * 60)
    dialog.get_by_role("button", name="Save").click()
    dialog.locator(".problem", has_text="crosses itself or is dented").wait_for()
    visit.complaints.clear()  # the browser's own note on the 4xx


def test_pictures_that_were_just_added_show_what_is_kept(visit: Visit, stand_in: Service) -> None:
    visit.open("catalog")
    visit.drop(".drop-target", [Dropped("Rye.png", png(21))])
    visit.page.get_by_role("button", name="Add product").last.click()
    visit.page.get_by_role("button", name="Rye.png: whole").wait_for()
    assert visit.page.locator("dialog .kept-line").count() == 1
    visit.page.get_by_role("button", name="Keep", exact=True).click()
    visit.page.wait_for_selector("dialog", state="detached")
    stand_in.client.delete("/v1/catalogs/shop/products/rye").raise_for_status()


def test_what_is_dropped_as_background_is_shaded(visit: Visit, stand_in: Service) -> None:
    stand_in.client.delete(PRODUCT)
    stand_in.add("kept", 11, name="Kept")
    data = FolderStorage(stand_in.options.state.parent / "data", durable=False)
    cells = np.zeros((GRID, GRID), np.bool_)
    cells[:8] = True
    store = Catalogs(data, FakeEncoder(NETWORKS)).open("shop")
    image_id = store.product("kept").images[0].image_id
    written = store.mark_background("kept", {image_id: pack_cells(cells)})
    version = {"min_version": written.index_version}
    (kept,) = stand_in.client.get(f"{PRODUCT}/images", params=version).json()["kept"]
    assert len(kept["background"]) == 8
    assert kept["background_share"] == 1
    visit.open("catalog")
    visit.page.click("[data-product=kept].tile")
    visit.page.get_by_text("100 % background").wait_for()
    shaded = visit.page.locator(".kept-dropped").first
    assert shaded.bounding_box() is not None
    visit.page.get_by_role("button", name="is dropped as background").click()
    editor = visit.page.locator("dialog", has_text="Drag the corners")
    editor.locator(".kept-stage .kept-dropped").wait_for(state="attached")
