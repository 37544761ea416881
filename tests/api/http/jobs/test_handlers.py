"""The handler of each kind of job, and archives that are unpacked."""

import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from api.errors import Refused
from api.http.jobs.handlers import job_handlers, unpack
from api.http.jobs.record import Job, JobKind
from api.http.jobs.runner import JobContext
from api.open_catalogs import CatalogRegistry
from api.settings import Settings
from catalog.errors import CatalogError
from tests.api.shop import FakeServices
from tests.catalog.support.fakes import picture


@pytest.mark.parametrize("name", ["../out", "/etc/x", "a/../../b", "a\\..\\..\\b", "a//b"])
def test_an_archive_cannot_write_outside_its_folder(tmp_path: Path, name: str) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr(name, b"x")
    with pytest.raises(Refused, match="not allowed"):
        unpack(archive, tmp_path / "out", lambda *_: None)


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK no")
    with pytest.raises(Refused, match="no ZIP"):
        unpack(tmp_path / "a.zip", tmp_path / "out", lambda *_: None)


def test_an_archive_is_unpacked_and_followed(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.mkdir("tea")
        packed.writestr("tea/one.png", b"1")
        packed.writestr("tea\\two.png", b"2")
    steps: list[tuple[str, int, int | None]] = []
    unpack(tmp_path / "a.zip", tmp_path / "out", lambda *step: steps.append(step))
    names = sorted(path.name for path in (tmp_path / "out" / "tea").iterdir())
    assert names == ["one.png", "two.png"]
    assert steps == [("unpacking", 0, 2), ("unpacking", 1, 2)]


@pytest.mark.parametrize(
    ("bound", "sentence"), [("MOST_ENTRIES", "holds 2 files"), ("MOST_UNPACKED", "too large")]
)
def test_an_archive_that_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str, sentence: str
) -> None:
    monkeypatch.setattr(f"api.http.jobs.handlers.{bound}", 1)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr("one.png", b"1")
        packed.writestr("two.png", b"2")
    with pytest.raises(Refused, match=sentence):
        unpack(tmp_path / "a.zip", tmp_path / "out", lambda *_: None)


def test_each_kind_of_job_has_a_handler_that_works_on_its_catalog(tmp_path: Path) -> None:
    services = FakeServices(Settings(storage=tmp_path / "data"))
    services.catalogs.create("shop").add_product("tea", [picture(1)])

    def fetch(*_: object) -> None:
        raise AssertionError

    with closing(CatalogRegistry(services.catalogs)) as catalogs:
        handlers = job_handlers(catalogs, lambda: services.finder, services.recogniser, fetch)
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
