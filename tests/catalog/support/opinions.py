"""Opinions of answers, and a catalog that they are on."""

from catalog.records.calibration import Calibration
from catalog.records.feedback import (
    Feedback,
    FeedbackVerdict,
)
from catalog.storage.base import Storage
from catalog.store import CatalogStore
from tests.catalog.support.fakes import (
    new_store,
    picture,
)

RIGHT = Feedback("f1", "t", FeedbackVerdict.RIGHT, "tea", probability=0.97, by="key-1")


OTHER = Feedback("f2", "t", FeedbackVerdict.OTHER, "tea", "milk", appearance_id="door-3")


HALF = Calibration("net", "2026-01-01T00:00:00+00:00", 0.01, 0.5, 1.2, -0.3, 0.4, {"photos": 9})


def shop(storage: Storage) -> CatalogStore:
    store = new_store(storage)
    store.add_product("tea", [picture(1)])
    store.add_product("milk", [picture(2)])
    return store
