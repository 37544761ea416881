import pytest

from catalog.store import CatalogStore
from tests.catalog.support.fakes import MemoryStorage, new_store


@pytest.fixture
def store(memory: MemoryStorage) -> CatalogStore:
    return new_store(memory)
