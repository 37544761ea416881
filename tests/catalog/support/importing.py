"""Helpers of the tests of imports."""

from pathlib import Path

from catalog.transfer.importer import ImportReport
from tests.catalog.support.fakes import (
    picture,
)


def fill(root: Path, **products: list[int]) -> Path:
    """One folder per product with pictures of these seeds."""
    for product_id, seeds in products.items():
        for seed in seeds:
            path = root / product_id / f"{seed}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(picture(seed).data)
    return root


def statuses(report: ImportReport) -> dict[str, str]:
    return {row.product_id: row.status.value for row in report.rows}
