from collections.abc import Callable
from pathlib import Path

import pytest

from catalog.folder import FolderStorage
from catalog.storage import Storage
from tests.catalog.fakes import MemoryStorage


@pytest.fixture(params=["folder", "folder without hard links", "folder not durable", "memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """Every storage; a further one joins its contract here."""
    root = tmp_path / "data"
    makers: dict[str, Callable[[], Storage]] = {
        "folder": lambda: FolderStorage(root),
        "folder without hard links": lambda: FolderStorage(root, hard_links=False),
        "folder not durable": lambda: FolderStorage(root, durable=False),
        "memory": MemoryStorage,
    }
    return makers[request.param]()


@pytest.fixture
def memory() -> MemoryStorage:
    return MemoryStorage()


@pytest.fixture
def folder(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "data", durable=False)
