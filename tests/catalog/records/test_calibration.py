import time
from collections.abc import Mapping
from dataclasses import replace
from multiprocessing import get_context

import pytest

from catalog.errors import Invalid, NotFound
from catalog.follower import Follower
from catalog.records.calibration import Calibration
from catalog.records.codec import from_record, to_record
from catalog.registry import Catalogs
from catalog.storage.base import Storage
from catalog.storage.folder import FolderStorage
from tests.catalog.support.fakes import FakeEncoder, MemoryStorage, new_store, same_store
from tests.catalog.support.places import named, opened

STRICT = Calibration("net-1", "2026-01-01T00:00:00+00:00", 0.01, 0.97, 1.2, -0.3, 0.4, {"views": 9})


def test_a_catalog_without_a_calibration_decides_as_shipped(memory: MemoryStorage) -> None:
    assert dict(new_store(memory).snapshot().calibrations) == {}


def test_every_process_decides_alike_after_one_entry(storage: Storage) -> None:
    store, other = new_store(storage), same_store(storage)
    before = store.snapshot()
    version = store.calibrate(STRICT)
    assert version == before.index_version + 1
    assert dict(other.snapshot(min_version=version).calibrations) == {"net-1": STRICT}
    assert dict(before.calibrations) == {}
    softer = replace(STRICT, threshold=0.9)
    other.calibrate(softer)
    assert store.snapshot().calibrations["net-1"] == softer


def test_a_real_second_process_sees_the_threshold(folder: FolderStorage) -> None:
    store = new_store(folder)
    store.calibrate(STRICT)
    with get_context("spawn").Pool(1) as pool:
        assert pool.apply(threshold_in, (named(folder),)) == {"net-1": 0.97}


def test_other_networks_have_a_calibration_of_their_own_and_going_back_goes_back(
    memory: MemoryStorage,
) -> None:
    store = new_store(memory)
    store.calibrate(STRICT)
    store.calibrate(replace(STRICT, model_id="net-2", threshold=0.6))
    thresholds = {made.model_id: made.threshold for made in store.snapshot().calibrations.values()}
    assert thresholds == {"net-1": 0.97, "net-2": 0.6}
    for number in range(3, 7):
        store.calibrate(replace(STRICT, model_id=f"net-{number}"))
    assert list(store.snapshot().calibrations) == ["net-3", "net-4", "net-5", "net-6"]


def test_a_reset_is_one_entry_and_a_second_one_none(memory: MemoryStorage) -> None:
    store = new_store(memory)
    version = store.calibrate(STRICT)
    assert store.reset_calibration("net-1") == version + 1
    assert dict(store.snapshot().calibrations) == {}
    assert store.reset_calibration("net-1") == version + 1


def test_a_catalog_that_is_gone_is_not_calibrated(memory: MemoryStorage) -> None:
    store = new_store(memory)
    Catalogs(memory, FakeEncoder()).delete("shop")
    with pytest.raises(NotFound):
        store.calibrate(STRICT)
    with pytest.raises(NotFound):
        store.reset_calibration("net-1")


@pytest.mark.parametrize(
    "fault",
    [
        {"threshold": 0.0},
        {"threshold": 1.5},
        {"false_accept_rate": 0.0},
        {"unknown_share": 1.0},
        {"slope": -1.0},
        {"slope": None},
        {"offset": None},
    ],
)
def test_numbers_out_of_range_are_no_calibration(fault: Mapping[str, float | None]) -> None:
    with pytest.raises(Invalid):
        replace(STRICT, **fault)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="calibration"):
        from_record(Calibration, {**to_record(STRICT), **fault})


@pytest.mark.parametrize("fault", [{"threshold": None}, {"threshold": "x"}, {"slope": True}])
def test_a_damaged_record_is_none(fault: Mapping[str, object]) -> None:
    with pytest.raises(ValueError, match="should be a number"):
        from_record(Calibration, {**to_record(STRICT), **fault})


def test_a_calibration_survives_its_record() -> None:
    bare = Calibration("net", "", 0.02, 0.8)
    for calibration in (STRICT, bare):
        assert from_record(Calibration, to_record(calibration)) == calibration


def threshold_in(storage: str) -> dict[str, float]:
    calibrations = same_store(opened(storage)).snapshot().calibrations
    return {model_id: made.threshold for model_id, made in calibrations.items()}


def test_who_follows_the_catalog_decides_by_it_within_the_poll(folder: FolderStorage) -> None:
    new_store(folder)
    with Follower(same_store(folder), poll_seconds=0.05) as follower:
        assert dict(follower.catalog().calibrations) == {}
        same_store(folder).calibrate(STRICT)
        end = time.monotonic() + 10
        while dict(follower.catalog().calibrations) != {"net-1": STRICT}:
            assert time.monotonic() < end
            time.sleep(0.02)
