from pathlib import Path

import pytest

from tests.training import miniature


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of a few invented products, laid out as the real one."""
    root = tmp_path_factory.mktemp("data")
    miniature.build(root)
    return root
