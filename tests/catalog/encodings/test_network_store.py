"""Networks made for a catalog, kept beside it."""

import hashlib

import pytest

from catalog.encodings.network_store import GRACE_SECONDS, NetworkStore
from catalog.errors import CatalogError, NotFound
from tests.catalog.support.fakes import MemoryStorage

FILE = b"tensors"
HASH = hashlib.sha256(FILE).hexdigest()


def test_a_file_is_found_by_the_beginning_of_its_hash(memory: MemoryStorage) -> None:
    objects = NetworkStore(memory, "shop")
    assert objects.find(HASH[:16]) is None
    assert objects.save(FILE) == objects.save(FILE) == HASH
    assert objects.find(HASH[:16]) == HASH
    assert objects.get(HASH) == FILE
    assert NetworkStore(memory, "other").hashes() == ()


def test_a_damaged_file_is_not_given_out(memory: MemoryStorage) -> None:
    objects = NetworkStore(memory, "shop")
    objects.save(FILE)
    memory.objects[f"shop/models/{HASH}.safetensors"] = b"something else"
    with pytest.raises(CatalogError, match=r"damaged.*train embedder --catalog shop"):
        objects.get(HASH)


def test_a_missing_file_and_a_beginning_that_is_too_short_are_refused(
    memory: MemoryStorage,
) -> None:
    with pytest.raises(NotFound):
        NetworkStore(memory, "shop").get(HASH)
    with pytest.raises(ValueError, match="too short"):
        NetworkStore(memory, "shop").find("ab")


def test_only_old_files_that_nothing_names_are_removed(memory: MemoryStorage) -> None:
    later = NetworkStore(memory, "shop", clock=lambda: GRACE_SECONDS + 1.0)
    other = later.save(b"others")
    later.save(FILE)
    assert NetworkStore(memory, "shop", clock=lambda: 1.0).tidy(()) == ()
    assert later.tidy([f"embedder-{HASH[:16]}-fill1-64"]) == (other,)
    assert later.hashes() == (HASH,)
