"""A catalog asked from Python, around stand-ins for the networks."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import FrozenInstanceError
from pathlib import Path
from threading import enumerate as enumerate_threads

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from api.settings import Settings, variables
from catalog.ingest.image_file import ImageFile
from skulens import ProductCatalog, SkulensError, open_catalog
from tests.api.cli.test_video import tea_clip
from tests.api.shop import FakeServices
from tests.catalog.support.fakes import pixels


@pytest.fixture
def services(tmp_path: Path) -> FakeServices:
    """Services whose catalog `shop` holds tea."""
    Image.fromarray(pixels(1, 64, 48)).save(tmp_path / "tea.png")
    built = FakeServices(Settings(storage=tmp_path / "data", cache_dir=tmp_path / "cache"))
    store = built.catalogs.create("shop")
    tea = ImageFile("tea.png", (tmp_path / "tea.png").read_bytes())
    store.add_product("tea", [tea], name="Green tea")
    return built


@pytest.fixture
def shop(services: FakeServices) -> Iterator[ProductCatalog]:
    with ProductCatalog(services, services.catalogs.open("shop"), ExitStack()) as catalog:
        yield catalog


@pytest.mark.parametrize("kind", ["path", "text", "bytes", "array"])
def test_a_picture_may_be_a_path_bytes_or_an_array(
    shop: ProductCatalog, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "tea.png"
    pictures: dict[str, Path | str | bytes | NDArray[np.uint8]] = {
        "path": path,
        "text": str(path),
        "bytes": path.read_bytes(),
        "array": pixels(1, 64, 48),
    }
    result = shop.identify(pictures[kind])
    (found,) = result.products
    assert (found.product_id, found.name, found.verdict) == ("tea", "Green tea", "identical")
    assert found.probability == pytest.approx(0.98)
    assert list(found.box) == [0, 0, 64, 48]
    assert len(found.outline) == 4
    assert result.index_version > 0
    assert result.elapsed_ms == 10


def test_what_is_not_in_the_catalog_is_unknown(shop: ProductCatalog) -> None:
    (found,) = shop.identify(pixels(7, 64, 48)).products
    assert found.verdict == "unknown"
    assert found.outline == ()


@pytest.mark.parametrize("image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32)])
def test_an_array_of_another_shape_or_type_is_refused(
    shop: ProductCatalog, image: NDArray[np.uint8]
) -> None:
    with pytest.raises(ValueError, match=r"expected an array \(H, W, 3\) of uint8"):
        shop.identify(image)


def test_a_picture_that_cannot_be_read_is_one_sentence(
    shop: ProductCatalog, tmp_path: Path
) -> None:
    with pytest.raises(SkulensError, match="there is no picture"):
        shop.identify(tmp_path / "nowhere.png")
    with pytest.raises(SkulensError):
        shop.identify(b"no picture at all")


def test_it_answers_by_the_newest_version(
    shop: ProductCatalog, services: FakeServices, tmp_path: Path
) -> None:
    before = shop.identify(pixels(2, 64, 48))
    assert before.products[0].verdict == "unknown"
    Image.fromarray(pixels(2, 64, 48)).save(tmp_path / "milk.png")
    milk = ImageFile("milk.png", (tmp_path / "milk.png").read_bytes())
    services.catalogs.open("shop").add_product("milk", [milk])
    after = shop.identify(pixels(2, 64, 48))
    assert after.products[0].product_id == "milk"
    assert after.index_version > before.index_version


def test_a_video_is_matched_and_its_outputs_are_written(
    shop: ProductCatalog, tmp_path: Path
) -> None:
    clip = tea_clip(tmp_path / "clip.mp4")
    stages: set[str] = set()
    result = shop.match_video(
        clip,
        annotated=tmp_path / "out.mp4",
        report=tmp_path / "report.html",
        events=tmp_path / "events.jsonl",
        on_progress=lambda stage, *_: stages.add(stage),
    )
    (seen,) = result.appearances
    assert (seen.product_id, seen.name, seen.verdict) == ("tea", "Green tea", "identical")
    assert 0 <= seen.from_s < seen.to_s <= result.duration_s
    assert (result.frames, result.note) == (30, None)
    assert {"matching", "drawing"} <= stages
    for name in ("out.mp4", "report.html", "events.jsonl"):
        assert (tmp_path / name).is_file()
    with pytest.raises(SkulensError, match="exists"):
        shop.match_video(clip, report=tmp_path / "report.html")


def test_a_source_is_watched_until_it_ends(shop: ProductCatalog, tmp_path: Path) -> None:
    events = list(shop.watch(str(tea_clip(tmp_path / "clip.mp4"))))
    assert [event.kind for event in events] == ["entered", "confirmed", "left"]
    assert (events[1].product_id, events[1].name) == ("tea", "Green tea")
    assert len({event.appearance_id for event in events}) == 1


def test_a_watch_ends_with_its_loop(shop: ProductCatalog, tmp_path: Path) -> None:
    clip = tea_clip(tmp_path / "long.mp4", frames=500)
    with closing(shop.watch(str(clip))) as events:
        assert next(events).kind == "entered"
    assert not [thread for thread in enumerate_threads() if "session" in thread.name]


def test_a_source_that_cannot_be_opened_is_one_sentence(shop: ProductCatalog) -> None:
    with pytest.raises(SkulensError):
        list(shop.watch("nonsense://x"))


def test_a_catalog_is_opened_where_the_settings_say(
    services: FakeServices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    with open_catalog("shop", {"SKULENS_STORAGE": str(services.settings.storage)}) as catalog:
        assert catalog.name == "shop"
    with pytest.raises(SkulensError, match="shop"):
        open_catalog("shop", {"SKULENS_STORAGE": str(tmp_path / "empty")})
    with pytest.raises(SkulensError, match="SKULENS_STORAGE"):
        open_catalog("shop", {"SKULENS_STORRAGE": "x"})
    with pytest.raises(SkulensError, match="SKULENS_SERVER names https://host"):
        open_catalog("shop", {"SKULENS_SERVER": "https://host"})


def test_results_do_not_change(shop: ProductCatalog) -> None:
    result = shop.identify(pixels(1, 64, 48))
    with pytest.raises(FrozenInstanceError):
        result.index_version = 0  # type: ignore[misc]
    assert hash(result) == hash(result)
