"""The handler of each kind of job, and archives that are unpacked."""

import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from api.errors import Refused
from api.http.jobs.handlers import job_handlers
from api.http.jobs.record import Job, JobKind
from api.http.jobs.runner import JobContext, JobStopped
from api.open_catalogs import CatalogRegistry
from api.settings import Settings
from catalog.errors import CatalogError, Invalid, StorageUnavailable
from catalog.transfer.archive import UnpackBounds
from tests.api.shop import FakeServices
from tests.catalog.support.fakes import picture


class Imports:
    """Import jobs of one catalog, whose folder of a job can be looked into."""

    def __init__(self, folder: Path, bounds: UnpackBounds | None = None) -> None:
        self.folder = folder / "job"
        self.folder.mkdir()
        self.services = FakeServices(Settings(storage=folder / "data"))
        self.services.catalogs.create("shop")
        self.bounds = bounds or UnpackBounds(free_bytes=0)
        self.steps: list[tuple[str, int, int | None]] = []
        self.progress: Callable[[str, int, int | None], None]
        self.progress = lambda *step: self.steps.append(step)

    def upload(self, files: dict[str, bytes]) -> None:
        with zipfile.ZipFile(self.folder / "upload", "w") as packed:
            for name, data in files.items():
                packed.writestr(name, data)

    def run(self) -> dict[str, Any]:
        with closing(CatalogRegistry(self.services.catalogs)) as catalogs:
            finder, recogniser = (lambda: self.services.finder), self.services.recogniser
            handlers = job_handlers(catalogs, finder, recogniser, lambda *_: None, self.bounds)
            job = Job("j", JobKind.IMPORT, "shop", "work", {}, created_at=1.0, updated_at=1.0)
            step = self.progress
            return handlers[JobKind.IMPORT](JobContext(job, self.folder, step))

    def left(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


GOOD = {"tea/one.png": picture(1).data, "milk/two.png": picture(2).data}


@pytest.mark.parametrize("around", ["", "shop/"])
def test_an_archive_is_taken_in_and_nothing_of_it_is_left(tmp_path: Path, around: str) -> None:
    imports = Imports(tmp_path)
    imports.upload({around + name: data for name, data in GOOD.items()})
    assert [row["status"] for row in imports.run()["rows"]] == ["added", "added"]
    assert imports.steps[:3] == [("unpacking", 0, None), ("unpacking", 0, 2), ("unpacking", 1, 2)]
    assert imports.left() == []


@pytest.mark.parametrize("name", ["../out", "/etc/x", "a/../../b", "a\\..\\..\\b", "C:\\x"])
def test_an_archive_that_leads_out_leaves_nothing(tmp_path: Path, name: str) -> None:
    imports = Imports(tmp_path)
    imports.upload({**GOOD, name: b"x"})
    with pytest.raises(Invalid, match=r"the archive holds .* which leads out of it"):
        imports.run()
    assert imports.left() == []
    with pytest.raises(Refused, match="send it again"):
        imports.run()


@pytest.mark.parametrize(
    ("bounds", "sentence"),
    [
        (UnpackBounds(most_files=1, free_bytes=0), "holds 2 files"),
        (UnpackBounds(most_bytes=1, free_bytes=0), "would unpack to"),
    ],
)
def test_an_archive_that_is_too_large_leaves_nothing(
    tmp_path: Path, bounds: UnpackBounds, sentence: str
) -> None:
    imports = Imports(tmp_path, bounds)
    imports.upload(GOOD)
    with pytest.raises(Invalid, match=sentence):
        imports.run()
    assert imports.left() == []


def test_what_is_no_archive_is_refused_and_removed(tmp_path: Path) -> None:
    imports = Imports(tmp_path)
    (imports.folder / "upload").write_bytes(b"PK no")
    with pytest.raises(Invalid, match="the archive is damaged, encrypted or no zip"):
        imports.run()
    assert imports.left() == []


def test_a_full_disk_and_a_stop_leave_the_upload_alone_to_go_on_with(tmp_path: Path) -> None:
    imports = Imports(tmp_path, UnpackBounds(free=lambda _: 1000))
    imports.upload(GOOD)
    with pytest.raises(StorageUnavailable, match="SKULENS_FREE_GB"):
        imports.run()
    assert imports.left() == ["upload"]
    imports.bounds = UnpackBounds(free_bytes=0)
    imports.progress = stop_at_unpacking
    with pytest.raises(JobStopped):
        imports.run()
    assert imports.left() == ["upload"]


def stop_at_unpacking(_: str, done: int, __: int | None) -> None:
    if done:
        raise JobStopped


def test_each_kind_of_job_has_a_handler_that_works_on_its_catalog(tmp_path: Path) -> None:
    services = FakeServices(Settings(storage=tmp_path / "data"))
    services.catalogs.create("shop").add_product("tea", [picture(1)])

    def fetch(*_: object) -> None:
        raise AssertionError

    with closing(CatalogRegistry(services.catalogs)) as catalogs:
        finder, recogniser = (lambda: services.finder), services.recogniser
        handlers = job_handlers(catalogs, finder, recogniser, fetch, UnpackBounds())
        assert set(handlers) == set(JobKind)
        stages: list[str] = []

        def work(kind: JobKind, **order: object) -> dict[str, Any]:
            job = Job("j", kind, "shop", "work", dict(order), created_at=1.0, updated_at=1.0)
            return handlers[kind](JobContext(job, tmp_path, lambda stage, *_: stages.append(stage)))

        assert work(JobKind.RECONCILE, only_sync=True, dry_run=True)["findings"] == []
        assert work(JobKind.RECONCILE)["drift"] == 0
        version = work(JobKind.MODEL, action="switch")["index_version"]
        assert version == catalogs.snapshot("shop").index_version
        with pytest.raises(CatalogError):
            work(JobKind.MODEL, action="rollback")
    assert stages[0] == "looking through the storage"
