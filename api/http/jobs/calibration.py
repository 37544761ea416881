"""The job that calibrates a catalog."""

from collections.abc import Callable
from typing import Any

from api.calibrating import CalibrationOrder, calibrate, calibrated_json
from api.http.hub import Hub
from api.http.jobs.runner import Desk, Work
from catalog.snapshot import Catalog
from matcher.decision.evaluation import Judge


def calibration(hub: Hub, judge: Callable[[Catalog], Judge]) -> Work:
    """What the job does, with what answers for a catalog."""

    def work(desk: Desk) -> dict[str, Any]:
        desk.progress("gathering", 0, None)
        asked = desk.job.order
        order = CalibrationOrder(
            false_accept_rate=asked["false_accept_rate"],
            unknown_share=asked.get("unknown_share"),
            dry_run=bool(asked.get("dry_run")),
        )
        store = hub.store(desk.job.catalog)
        done = calibrate(
            store,
            judge(store.snapshot()),
            order,
            lambda at, total: desk.progress("asking", at, total),
        )
        return calibrated_json(desk.job.catalog, order, done)

    return work
