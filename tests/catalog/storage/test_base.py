"""The contract of `catalog.storage.base.Storage`, for every implementation."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from catalog.errors import Invalid, NotFound
from catalog.storage.base import Storage
from tests.catalog.support.buckets import PAGE


def test_what_was_put_is_read_back(storage: Storage) -> None:
    storage.put("shop/images/a.jpg", b"picture")
    assert storage.get("shop/images/a.jpg") == b"picture"


def test_an_object_may_be_empty(storage: Storage) -> None:
    storage.put("shop/empty", b"")
    assert storage.get("shop/empty") == b""


def test_put_replaces_what_is_there(storage: Storage) -> None:
    storage.put("shop/a", b"old and longer")
    storage.put("shop/a", b"new")
    assert storage.get("shop/a") == b"new"


@pytest.mark.parametrize("key", ["nothing", "shop", "shop/a/b"])
def test_a_missing_object_is_not_found(storage: Storage, key: str) -> None:
    storage.put("shop/a", b"file, not a folder")
    with pytest.raises(NotFound):
        storage.get(key)


def test_modified_of_a_missing_object_is_not_found(storage: Storage) -> None:
    with pytest.raises(NotFound):
        storage.modified("shop/a")


def test_the_first_to_put_if_absent_wins(storage: Storage) -> None:
    assert storage.put_if_absent("shop/journal/1", b"first")
    assert not storage.put_if_absent("shop/journal/1", b"second")
    assert storage.get("shop/journal/1") == b"first"


def test_of_many_threads_one_wins_every_number(storage: Storage) -> None:
    def race(writer: int) -> list[bool]:
        return [storage.put_if_absent(f"shop/journal/{n}", b"%d" % writer) for n in range(20)]

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(race, range(8)))
    for number, wins in enumerate(zip(*outcomes, strict=True)):
        assert sum(wins) == 1
        assert storage.get(f"shop/journal/{number}") == b"%d" % wins.index(True)


def test_list_gives_the_keys_below_a_folder_in_order(storage: Storage) -> None:
    for key in ("shop/b/2", "shop/b/1", "shop/a/1", "shopping/b/1", "shop/b/c/3"):
        storage.put(key, b"x")
    assert storage.list("shop/b/") == ("shop/b/1", "shop/b/2", "shop/b/c/3")


def test_list_of_a_folder_that_is_not_there_is_empty(storage: Storage) -> None:
    assert storage.list("shop/journal/") == ()


def test_details_tell_size_time_and_a_tag_that_changes_with_the_content(storage: Storage) -> None:
    storage.put("shop/b/1", b"one")
    storage.put("shop/b/2", b"three")
    before = storage.details("shop/b/")
    assert [(stored.key, stored.size) for stored in before] == [("shop/b/1", 3), ("shop/b/2", 5)]
    storage.put("shop/b/1", b"two")
    after = storage.details("shop/b/")
    assert after[0].tag != before[0].tag
    assert after[1].tag == before[1].tag
    assert after[0].modified >= before[0].modified
    assert storage.details("shop/c/") == ()


def test_more_objects_than_fit_one_page_of_a_listing_are_all_listed(storage: Storage) -> None:
    keys = [f"shop/a/{number:04d}" for number in range(3 * PAGE + 1)]
    for key in keys:
        storage.put(key, b"")
    assert storage.list("shop/a/") == tuple(keys)


def test_a_large_object_is_read_back_whole(storage: Storage) -> None:
    data = bytes(range(256)) * (5 << 14)  # 20 MB: goes to a bucket in parts
    storage.put("shop/images/large.tif", data)
    assert storage.get("shop/images/large.tif") == data


@pytest.mark.parametrize("name", ["IMG 12 (1).JPG", "Größe #1 100%.png", "a+b&c=d;e.jpg"])
def test_dropped_files_may_have_any_name(storage: Storage, name: str) -> None:
    key = f"shop/incoming/oat-milk/{name}"
    storage.put(key, b"x")
    assert storage.list("shop/incoming/") == (key,)
    assert storage.get(key) == b"x"
    storage.delete(key)
    assert storage.list("shop/incoming/") == ()


def test_folders_are_the_first_parts_of_all_keys(storage: Storage) -> None:
    assert storage.folders() == ()
    for key in ("shop/a", "shop/b/c", "bar/a"):
        storage.put(key, b"x")
    assert storage.folders() == ("bar", "shop")


def test_a_deleted_object_is_gone_and_deleting_again_is_no_error(storage: Storage) -> None:
    storage.put("shop/a/b", b"x")
    storage.delete("shop/a/b")
    storage.delete("shop/a/b")
    storage.delete("shop/never/was")
    assert storage.list("shop/") == ()
    assert storage.put_if_absent("shop/a/b", b"again")


def test_modified_is_a_time_that_does_not_lie_ahead(storage: Storage) -> None:
    storage.put("shop/a", b"x")
    assert storage.modified("shop/a") <= time.time() + 1


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/",
        "/etc/passwd",
        "../a",
        "shop/../../a",
        "shop//a",
        "shop/.hidden",
        "a\\b",
        "a b",
        "ä",
        "shop/incoming/../../a",
        "shop/incoming/.hidden",
        "shop/incoming//a",
        "a b/incoming/c",
    ],
)
def test_a_key_that_leads_elsewhere_is_refused(storage: Storage, key: str) -> None:
    for use in (storage.get, storage.delete, storage.modified):
        with pytest.raises(Invalid):
            use(key)
    with pytest.raises(Invalid):
        storage.put(key, b"x")
    with pytest.raises(Invalid):
        storage.put_if_absent(key, b"x")
