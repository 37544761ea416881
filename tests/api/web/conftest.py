"""The page in a browser, in front of stand-ins and in front of the real service."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser

from tests.api.http.serving import Service, serving
from tests.api.web.browsing import Visit, browsing, visiting
from tests.api.web.scenery import Scenery, make_scenery

ROOT = Path(__file__).parents[3]
PROGRAM = [sys.executable, "-c", "import sys; from api.cli.main import main; sys.exit(main())"]
START_S = 240  # networks are compiled at the first start


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
    folder = tmp_path_factory.mktemp("real")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("SKULENS_")},
        "PYTHONPATH": str(ROOT),
        "SKULENS_STORAGE": str(folder / "data"),
        "SKULENS_CACHE_DIR": str(folder / "cache"),
        "SKULENS_STATE": str(folder / "state"),
    }
    log = folder / "log"
    with log.open("w") as said:
        process = subprocess.Popen(
            [*PROGRAM, "serve", "--port", str(port)],
            cwd=folder, env=environment, stdout=said, stderr=said,
        )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        _until_ready(url, process, log)
        yield url
    finally:
        process.terminate()
        try:
            assert process.wait(15) == 0, log.read_text()[-2000:]
        finally:
            process.kill()


def _until_ready(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()[-2000:]
        try:
            if httpx2.get(f"{url}/readyz").status_code == 200:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(log.read_text()[-2000:])


@pytest.fixture
def visit(browser: Browser, stand_in: Service) -> Iterator[Visit]:
    """A visit to the stand-in."""
    with visiting(browser, stand_in.url) as made:
        yield made
