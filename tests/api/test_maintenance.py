"""Catalogs that are looked after in the background."""

from pathlib import Path

import pytest
from typing_extensions import override

from api.http.telemetry.metrics import MaintenanceCollector
from api.maintenance import CatalogMaintenance, MaintenanceIntervals, MaintenanceStatus
from api.settings import Settings, load_settings
from catalog.encodings.encoding import PartIds
from catalog.errors import StorageUnavailable
from catalog.reconcile.reconciler import Reconciler
from catalog.reconcile.report import FindingKind
from catalog.registry import Catalogs
from catalog.storage.folder import FolderStorage
from tests.catalog.support.fakes import FakeEncoder, picture
from tests.matcher.live.sources import wait_until

HOUR = 3600.0
NONE = Path("/nowhere/.env")


class HandClock:
    def __init__(self) -> None:
        self.seconds = 2e9

    def __call__(self) -> float:
        return self.seconds


class FlakyCatalogs(Catalogs):
    """Real catalogs whose storage can be made to refuse."""

    def __init__(self, storage: FolderStorage) -> None:
        super().__init__(storage, FakeEncoder())
        self.refuses = False

    @override
    def reconciler(self, name: str, *, grace_seconds: float = 0.0) -> Reconciler:
        if self.refuses:
            raise StorageUnavailable("the disk is away")
        return super().reconciler(name, grace_seconds=grace_seconds)


@pytest.fixture
def catalogs(tmp_path: Path) -> FlakyCatalogs:
    catalogs = FlakyCatalogs(FolderStorage(tmp_path / "data", durable=False))
    catalogs.create("shop").add_product("tea", [picture(1)])
    return catalogs


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "data", durable=False)


def test_what_is_dropped_becomes_a_product_by_itself(
    catalogs: FlakyCatalogs, storage: FolderStorage
) -> None:
    maintenance = CatalogMaintenance(catalogs, MaintenanceIntervals(sync_s=0.05, reconcile_s=0))
    maintenance.start()
    storage.put("shop/incoming/milk/front.png", picture(2).data)
    wait_until(lambda: "milk" in catalogs.open("shop").snapshot().products)
    # The product is there a moment before the round that took it in is over.
    wait_until(lambda: maintenance.statuses.get("shop", MaintenanceStatus()).synced_at > 0)
    maintenance.close()
    assert maintenance.statuses["shop"].reconciled_at == 0


def test_everything_is_compared_at_first_and_then_when_its_time_has_come(
    catalogs: FlakyCatalogs, storage: FolderStorage
) -> None:
    clock = HandClock()
    maintenance = CatalogMaintenance(
        catalogs, MaintenanceIntervals(sync_s=60, reconcile_s=HOUR), clock=clock
    )
    maintenance.run_once()
    assert maintenance.statuses["shop"].reconciled_at == clock.seconds
    storage.delete("shop/products/tea.json")
    clock.seconds += 60
    maintenance.run_once()
    assert "tea" in catalogs.open("shop").snapshot().products
    assert maintenance.statuses["shop"].drift == 0
    clock.seconds += HOUR
    maintenance.run_once()
    found = maintenance.statuses["shop"]
    assert "tea" not in catalogs.open("shop").snapshot().products
    assert found.counts[FindingKind.REMOVED] == 1
    assert found.drift > 0


def test_nothing_is_looked_at_before_its_time(
    catalogs: FlakyCatalogs, storage: FolderStorage
) -> None:
    clock = HandClock()
    maintenance = CatalogMaintenance(
        catalogs, MaintenanceIntervals(sync_s=60, reconcile_s=0), clock=clock
    )
    maintenance.run_once()
    storage.put("shop/incoming/milk/front.png", picture(2).data)
    clock.seconds += 5
    maintenance.run_once()
    assert "milk" not in catalogs.open("shop").snapshot().products


def test_a_storage_that_refuses_is_reported_and_tried_again(catalogs: FlakyCatalogs) -> None:
    clock = HandClock()
    maintenance = CatalogMaintenance(catalogs, MaintenanceIntervals(), clock=clock)
    catalogs.refuses = True
    maintenance.run_once()
    refused = maintenance.statuses["shop"]
    assert (refused.fault, refused.synced_at) == ("the disk is away", 0)
    catalogs.refuses = False
    maintenance.run_once()
    found = maintenance.statuses["shop"]
    assert (found.fault, found.synced_at) == ("", clock.seconds)


def test_a_mass_disappearance_is_held_back(catalogs: FlakyCatalogs, storage: FolderStorage) -> None:
    store, clock = catalogs.open("shop"), HandClock()
    for number in range(12):
        store.add_product(f"p{number}", [picture(10 + number)])
    maintenance = CatalogMaintenance(catalogs, MaintenanceIntervals(), clock=clock)
    maintenance.run_once()
    for key in storage.list("shop/products/"):
        storage.delete(key)
    clock.seconds += 25 * HOUR
    maintenance.run_once()
    assert maintenance.statuses["shop"].counts[FindingKind.HELD_BACK] == 13
    assert len(store.snapshot().products) == 13


def test_what_was_found_is_a_figure(catalogs: FlakyCatalogs, storage: FolderStorage) -> None:
    maintenance = CatalogMaintenance(catalogs, MaintenanceIntervals(), clock=HandClock())
    storage.put("shop/incoming/milk/front.png", b"no picture")
    maintenance.run_once()
    figures = {
        f"{sample.name} {sample.labels['catalog']}": sample.value
        for family in MaintenanceCollector(maintenance.statuses).collect()
        for sample in family.samples
    }
    assert figures["skulens_storage_problems shop"] == 1
    assert figures["skulens_storage_withheld shop"] == 0
    assert figures["skulens_storage_reconciled_seconds shop"] == 2e9


def test_what_an_earlier_version_encoded_is_encoded_anew(storage: FolderStorage) -> None:
    def version(crop: str) -> Catalogs:
        encoder = FakeEncoder()
        encoder.part_ids = PartIds.in_crop(crop, "embedding-1", "local-1")
        return Catalogs(storage, encoder)

    version("crop-1").create("old").add_product("tea", [picture(1)])
    CatalogMaintenance(version("crop-2"), MaintenanceIntervals()).run_once()
    assert version("crop-2").open("old").state().part_ids.crop == "crop-2"


def test_a_deleted_catalog_is_forgotten(catalogs: FlakyCatalogs) -> None:
    maintenance = CatalogMaintenance(catalogs, MaintenanceIntervals())
    maintenance.run_once()
    catalogs.delete("shop")
    maintenance.run_once()
    assert maintenance.statuses == {}


def test_it_can_be_switched_off(catalogs: FlakyCatalogs) -> None:
    maintenance = CatalogMaintenance(catalogs, MaintenanceIntervals(0, 0))
    maintenance.start()
    maintenance.run_once()
    maintenance.close()
    assert maintenance.statuses == {}


def test_the_intervals_are_settings() -> None:
    given = load_settings({"SKULENS_SYNC_MINUTES": "0", "SKULENS_RECONCILE_HOURS": "6"}, NONE)
    assert (given.sync_minutes, given.reconcile_hours) == (0.0, 6.0)
    assert (Settings().sync_minutes, Settings().reconcile_hours) == (5.0, 24.0)


@pytest.mark.parametrize("jump_s", [HOUR, -HOUR, -1000 * HOUR])
def test_world_a_clock_that_is_set_back_holds_no_look_up(
    catalogs: FlakyCatalogs, jump_s: float
) -> None:
    clock = HandClock()
    maintenance = CatalogMaintenance(catalogs, MaintenanceIntervals(300, 24 * HOUR), clock=clock)
    maintenance.run_once()
    clock.seconds += jump_s
    maintenance.run_once()
    assert maintenance.statuses["shop"].synced_at == clock.seconds
