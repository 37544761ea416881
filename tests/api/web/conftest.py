"""The page in a browser, in front of stand-ins and in front of the real service."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.api.http.serving import Service, serving
from tests.api.web.browsing import Visit, browsing, visiting
from tests.api.web.program import Program
from tests.api.web.scenery import Scenery, make_scenery


@pytest.fixture(scope="session")
def scenery(tmp_path_factory: pytest.TempPathFactory) -> Scenery:
    return make_scenery(tmp_path_factory.mktemp("scenery"))


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """With the clip as its camera where the module's tests want one."""
    wants_camera = getattr(request.module, "CAMERA", False)
    camera = request.getfixturevalue("scenery").camera if wants_camera else None
    with browsing(camera) as opened:
        yield opened


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service around stand-ins; the catalog `shop` holds tea and milk."""
    with serving(tmp_path_factory.mktemp("web")) as running:
        running.client.post("/v1/catalogs", json={"catalog": "shop"}).raise_for_status()
        running.add("tea", 1, name="Green tea", attributes='{"brand": "Leaf", "price": 2}')
        running.add("milk", 2, name="Oat milk", attributes='{"brand": "Oats"}')
        yield running


@pytest.fixture(scope="module")
def real_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`skulens serve` in a process of its own, with the shipped networks."""
    with Program(tmp_path_factory.mktemp("real")).serving("127.0.0.1") as url:
        yield url


@pytest.fixture
def visit(browser: Browser, stand_in: Service) -> Iterator[Visit]:
    """A visit to the stand-in."""
    with visiting(browser, stand_in.url) as made:
        yield made
