"""Helpers of the tests that reconcile."""

import json
from typing import Any

from catalog.reconcile.reconciler import Reconciler
from catalog.reconcile.report import FindingKind, Report
from catalog.storage.base import Storage
from catalog.store import CatalogStore
from tests.catalog.support.fakes import (
    new_store,
    picture,
    same_store,
)

GRACE = 100.0


class ManualClock:
    def __init__(self) -> None:
        self.seconds = 2e9

    def __call__(self) -> float:
        return self.seconds


def reconciler(storage: Storage, clock: ManualClock | None = None) -> Reconciler:
    return Reconciler(
        same_store(storage), storage, grace_seconds=GRACE, clock=clock or ManualClock()
    )


def filled(storage: Storage, products: int = 2) -> CatalogStore:
    store = new_store(storage)
    for number in range(products):
        store.add_product(f"p{number}", [picture(number)])
    return store


def edit(storage: Storage, product_id: str, **fields: Any) -> None:
    key = f"shop/products/{product_id}.json"
    record = json.loads(storage.get(key))
    record["product"].update(fields)
    storage.put(key, json.dumps(record).encode())


def counts(report: Report) -> dict[FindingKind, int]:
    return {kind: report.count(kind) for kind in FindingKind if report.count(kind)}
