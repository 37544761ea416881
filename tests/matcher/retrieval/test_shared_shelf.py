"""The same shelf in references of every product of a catalog, from enrolment to identification."""

from io import BytesIO

from PIL import Image as PillowImage

from catalog.ingest.image_file import ImageFile
from catalog.records.kept import KeptChoice
from catalog.records.product import ReferenceImage
from catalog.registry import Catalogs
from catalog.store import CatalogStore
from matcher.results import Verdict
from matcher.retrieval.encoder import reference_encoder
from matcher.retrieval.reference import ReferenceCache
from matcher.retrieval.untrained import ColourEmbedder
from tests.catalog.support.fakes import MemoryStorage
from tests.matcher.prints import (
    FixedDetector,
    Image,
    keypoint_coder,
    pasted,
    pipeline,
    printed,
    root_sift,
    upright,
)

WIDTH, HEIGHT = 640, 480
CORNERS = ((230, 110), (190, 90), (250, 150), (210, 130), (180, 140), (260, 100))


def before_the_shelf(seed: int) -> Image:
    shelf = printed(900, WIDTH, HEIGHT)
    return pasted(shelf, printed(seed), upright(*CORNERS[seed % 6], 200, 260))


def file(picture: Image, name: str, choice: KeptChoice | None = None) -> ImageFile:
    data = BytesIO()
    PillowImage.fromarray(picture).save(data, "PNG", compress_level=1)
    return ImageFile(name, data.getvalue(), choice)


def catalogs(storage: MemoryStorage) -> Catalogs:
    encoder = reference_encoder(root_sift(), ColourEmbedder(), FixedDetector(), keypoint_coder())
    return Catalogs(storage, encoder)


def shop(storage: MemoryStorage, products: int) -> CatalogStore:
    store = catalogs(storage).create("shop")
    for seed in range(products):
        store.add_product(f"p{seed}", [file(before_the_shelf(seed), f"{seed}.png")])
    return store


def images(store: CatalogStore) -> list[ReferenceImage]:
    return [product.images[0] for product in store.state().products.values()]


def test_the_third_product_loses_the_shelf_at_once_and_reconcile_mends_the_others() -> None:
    storage = MemoryStorage()
    store = shop(storage, 2)
    added = store.add_product("p2", [file(before_the_shelf(2), "2.png")])
    assert [bool(image.background) for image in images(store)] == [False, False, True]
    (kept,) = added.kept
    assert 0.3 < kept.background_share < 0.7
    assert "is dropped as background" in kept.sentence
    reconciler = catalogs(storage).reconciler("shop")
    (foreseen,) = reconciler.reconcile(dry_run=True).findings
    assert not images(store)[0].background
    (finding,) = reconciler.reconcile().findings
    assert finding == foreseen
    assert finding.sentence == "2 pictures: what other products share is taken for background"
    assert all(image.background for image in images(store))
    version = store.state().sequence
    assert reconciler.reconcile().findings == ()
    assert reconciler.mark_backgrounds() == []
    assert store.state().sequence == version
    again = catalogs(storage).open("shop")
    assert images(again) == images(store)


def test_what_nobody_else_shows_any_more_is_kept_again() -> None:
    storage = MemoryStorage()
    store = shop(storage, 3)
    reconciler = catalogs(storage).reconciler("shop")
    reconciler.mark_backgrounds()
    store.remove_product("p1")
    (finding,) = reconciler.mark_backgrounds()
    assert finding.sentence == "2 pictures: what was taken for background is kept again"
    assert not any(image.background for image in images(store))


def test_a_shelf_of_every_product_confirms_none_of_them() -> None:
    storage = MemoryStorage()
    store = shop(storage, 6)
    catalogs(storage).reconciler("shop").reconcile()
    assert all(image.background for image in images(store))
    query = pasted(printed(900, WIDTH, HEIGHT), printed(40), upright(220, 120, 200, 260))
    found = pipeline().identify(query, store.snapshot(), whole_image=True)
    assert all(match.verdict is not Verdict.IDENTICAL for match in found.matches)
    own = pipeline().identify(before_the_shelf(4), store.snapshot(), whole_image=True)
    assert own.matches[0].product_id == "p4"


def test_a_persons_outline_stays() -> None:
    storage = MemoryStorage()
    store = shop(storage, 2)
    outline = KeptChoice(((230.0, 110.0), (430.0, 110.0), (430.0, 370.0), (230.0, 370.0)))
    store.choose_kept("p0", images(store)[0].image_id, outline)
    store.add_product("p2", [file(before_the_shelf(2), "2.png")])
    store.add_product("p3", [file(before_the_shelf(3), "3.png")])
    store.add_product("p4", [file(before_the_shelf(4), "4.png", KeptChoice())])
    catalogs(storage).reconciler("shop").reconcile()
    marked = [bool(image.background) for image in images(store)]
    assert marked == [False, True, True, True, False]
    change = store.choose_kept("p0", images(store)[0].image_id, None)
    assert change.product.images[0].background
    whole = store.choose_kept("p1", images(store)[1].image_id, KeptChoice())
    assert not whole.product.images[0].background


def test_the_reference_that_is_verified_lacks_its_background() -> None:
    store = shop(MemoryStorage(), 3)
    catalog, cache = store.snapshot(), ReferenceCache(root_sift())
    kept, marked = (cache.of_product(catalog, name)[0] for name in ("p0", "p2"))
    stored = catalog.encoding(catalog.products["p2"].images[0].encoding_id)
    assert len(marked.features) < 0.7 * len(stored.local.points)
    assert marked.view.mask.mean() < kept.view.mask.mean()
