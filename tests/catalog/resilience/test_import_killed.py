"""An import that is killed by the system, again and again."""

import subprocess
import sys
import time
from pathlib import Path

from catalog.registry import Catalogs
from catalog.storage.folder import FolderStorage
from catalog.transfer.importer import RowStatus, import_path
from tests.catalog.support.fakes import FakeEncoder, picture
from tests.catalog.support.processes import import_process

PRODUCTS = 150


def test_an_import_killed_in_the_middle_goes_on_nothing_twice_nothing_missing(
    tmp_path: Path,
) -> None:
    pictures, storage = tmp_path / "pictures", tmp_path / "data"
    for number in range(PRODUCTS):
        (pictures / f"p{number}").mkdir(parents=True)
        for image in range(2):
            one = picture(2 * number + image)
            (pictures / f"p{number}" / one.name).write_bytes(one.data)
    catalogs = Catalogs(FolderStorage(storage, durable=False), FakeEncoder())
    catalogs.create("shop")
    journal = storage / "shop" / "journal"
    for kills in range(1, 4):
        command = [sys.executable, import_process.__file__, str(storage), str(pictures)]
        root = str(Path(__file__).parents[3])
        process = subprocess.Popen(command, env={"PYTHONPATH": root})
        enough = min(kills * PRODUCTS // 5, PRODUCTS - 1)
        while process.poll() is None and len(list(journal.glob("*.json"))) < enough:
            time.sleep(0.01)
        process.kill()
        process.wait()
    before = len(catalogs.open("shop").state().products)
    assert PRODUCTS // 5 < before < PRODUCTS
    report = import_path(catalogs.open("shop"), pictures)
    assert report.failures == ()
    assert report.count(RowStatus.UNCHANGED) == before
    assert report.count(RowStatus.ADDED) == PRODUCTS - before
    state = catalogs.open("shop").state()
    assert {len(product.images) for product in state.products.values()} == {2}
    assert (len(state.products), state.sequence) == (PRODUCTS, PRODUCTS + 1)
