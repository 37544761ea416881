from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.training import miniature


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Threads that wait for each other on a busy machine take ten times as long as one alone."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of a few invented products, laid out as the real one."""
    root = tmp_path_factory.mktemp("data")
    miniature.build(root)
    return root
