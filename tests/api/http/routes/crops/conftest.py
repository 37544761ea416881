"""The real service, because what odd pictures do to a method only the method shows."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.api.web.program import Program

PATIENCE_S = 120  # networks are loaded at the first question


@pytest.fixture(scope="session")
def crops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """A client of `/v1/crops`."""
    with (
        Program(tmp_path_factory.mktemp("crops")).serving("127.0.0.1") as url,
        httpx2.Client(base_url=f"{url}/v1/crops", timeout=PATIENCE_S) as client,
    ):
        yield client
