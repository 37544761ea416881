import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from catalog.errors import (
    NotFound,
)
from catalog.registry import Catalogs
from catalog.snapshot import Catalog
from catalog.storage.base import Storage
from tests.catalog.support.fakes import (
    MemoryStorage,
    embedding_of,
    image_id,
    new_store,
    picture,
    pixels,
    same_store,
)
from tests.catalog.support.keypoints import VotingEncoder, descriptors_of


class TestSnapshots:
    def test_a_snapshot_never_changes(self, memory: MemoryStorage) -> None:
        store = new_store(memory)
        store.add_product("a", [picture(1)])
        before = store.snapshot()
        store.add_product("b", [picture(2)])
        store.remove_product("a")
        after = store.snapshot()
        assert (list(before.products), list(after.products)) == (["a"], ["b"])
        assert after.shortlist(embedding_of(pixels(1)), 5)[0].product_id == "b"
        assert before.shortlist(embedding_of(pixels(1)), 5)[0].product_id == "a"
        assert after.shortlist(embedding_of(pixels(1)), 5)[0].product_id == "b"
        assert before.encoding(image_id(picture(1))).local.points.shape == (4, 2)
        with pytest.raises(TypeError):
            before.products["c"] = before.products["a"]  # type: ignore[index]

    def test_a_snapshot_is_the_same_while_nothing_changes(self, memory: MemoryStorage) -> None:
        store = new_store(memory)
        store.add_product("a", [picture(1)])
        assert store.snapshot() is store.snapshot()

    def test_an_empty_catalog_answers_with_nothing(self, storage: Storage) -> None:
        snapshot = new_store(storage).snapshot()
        assert snapshot.index_version == 1
        assert dict(snapshot.products) == {}
        assert snapshot.shortlist(embedding_of(pixels(1)), 5) == ()

    def test_another_process_sees_a_change_at_its_next_snapshot(self, storage: Storage) -> None:
        writer, reader = new_store(storage), same_store(storage)
        assert dict(reader.snapshot().products) == {}
        writer.add_product("a", [picture(1)])
        assert list(reader.snapshot().products) == ["a"]

    def test_pictures_and_encodings_come_back(self, storage: Storage) -> None:
        new_store(storage).add_product("a", [picture(1)])
        snapshot = same_store(storage).snapshot()
        identifier = image_id(picture(1))
        assert snapshot.picture(identifier) == picture(1).data
        encoding = snapshot.encoding(identifier)
        assert np.allclose(encoding.embedding, embedding_of(pixels(1)))
        assert snapshot.encoding(identifier) is encoding

    @pytest.mark.parametrize("identifier", ["0" * 64, "nope", "../../etc/passwd"])
    def test_a_picture_that_no_product_has_is_not_found(
        self, memory: MemoryStorage, identifier: str
    ) -> None:
        with pytest.raises(NotFound):
            new_store(memory).snapshot().picture(identifier)

    def test_threads_may_ask_one_snapshot_at_once(self, memory: MemoryStorage) -> None:
        store = new_store(memory)
        for number in range(10):
            store.add_product(f"p{number}", [picture(number)])
        snapshot = same_store(memory).snapshot()
        start = threading.Barrier(8)

        def ask(number: int) -> str:
            start.wait()
            snapshot.encoding(image_id(picture(number)))
            return snapshot.shortlist(embedding_of(pixels(number)), 1)[0].product_id

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(ask, range(8))) == [f"p{number}" for number in range(8)]

    def test_missing_features_are_reported_with_product_and_remedy(
        self, memory: MemoryStorage
    ) -> None:
        new_store(memory).add_product("a", [picture(1)])
        for key in [key for key in memory.objects if "/embedding/" in key]:
            del memory.objects[key]
        with pytest.raises(NotFound, match=r"product a: .*encode the catalog again"):
            same_store(memory).snapshot().shortlist(embedding_of(pixels(1)), 1)


class TestVotes:
    def test_whoever_added_a_product_finds_it_by_votes_at_once(self, memory: MemoryStorage) -> None:
        store = Catalogs(memory, VotingEncoder()).create("shop")
        for number in range(12):
            store.add_product(f"p{number}", [picture(number)])
        assert found_by_votes(store.snapshot(), 3) == "p3"
        store.add_product("new", [picture(40)])
        assert found_by_votes(store.latest(), 40) == "new"
        store.remove_product("p3")
        assert found_by_votes(store.latest(), 3) != "p3"

    def test_pictures_can_be_left_out(self, memory: MemoryStorage) -> None:
        store = Catalogs(memory, VotingEncoder()).create("shop")
        store.add_product("a", [picture(1)])
        store.add_product("b", [picture(2)])
        votes = store.snapshot().votes(descriptors_of(pixels(1)), 5, {image_id(picture(1))})
        assert votes is not None
        assert "a" not in [vote.product_id for vote in votes]

    def test_without_a_codebook_there_are_none(self, memory: MemoryStorage) -> None:
        store = new_store(memory)
        store.add_product("a", [picture(1)])
        assert store.snapshot().votes(descriptors_of(pixels(1)), 5) is None


def found_by_votes(catalog: Catalog, number: int) -> str:
    votes = catalog.votes(descriptors_of(pixels(number)), 5)
    return votes[0].product_id if votes else ""
