from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from catalog.storage.base import Storage
from catalog.storage.folder import FolderStorage
from catalog.storage.s3 import S3Options
from tests.catalog.support.buckets import ceph_server, fresh, moto_server
from tests.catalog.support.fakes import MemoryStorage


@pytest.fixture(scope="session")
def moto() -> Iterator[S3Options]:
    with moto_server() as server:
        yield server


@pytest.fixture(scope="session")
def ceph() -> Iterator[S3Options]:
    with ceph_server() as server:
        yield server


@pytest.fixture(
    params=["folder", "folder without hard links", "folder not durable", "memory", "moto", "ceph"]
)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """Every storage; a further one joins its contract here."""
    root = tmp_path / "data"
    makers: dict[str, Callable[[], Storage]] = {
        "folder": lambda: FolderStorage(root),
        "folder without hard links": lambda: FolderStorage(root, hard_links=False),
        "folder not durable": lambda: FolderStorage(root, durable=False),
        "memory": MemoryStorage,
        "moto": lambda: fresh(request.getfixturevalue("moto")),
        "ceph": lambda: fresh(request.getfixturevalue("ceph")),
    }
    return makers[request.param]()


@pytest.fixture
def memory() -> MemoryStorage:
    return MemoryStorage()


@pytest.fixture
def folder(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "data", durable=False)
