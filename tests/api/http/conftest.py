"""A service with the catalog `shop`, in which there are tea and milk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.http.serving import Service, serving


@pytest.fixture(scope="module", params=["one process", "worker and engine"])
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """Everything must hold in one process and through a worker's proxy."""
    folder: Path = tmp_path_factory.mktemp("http")
    with serving(folder, through_proxy=request.param == "worker and engine") as running:
        running.client.post("/v1/catalogs", json={"catalog": "shop"}).raise_for_status()
        running.add("tea", 1, name="Green tea", attributes='{"brand": "Leaf", "price": 2}')
        running.add("milk", 2)
        yield running
