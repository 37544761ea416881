"""Many large bodies at once lie on the disk, not in the memory of a real server."""

import io
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event, Thread

import httpx2
import numpy as np
import psutil
import pytest
from PIL import Image

from tests.api.http.serving import png
from tests.api.web.program import Program

MOST_GROWTH_BYTES = 400_000_000

pytestmark = [pytest.mark.soak, pytest.mark.weights, pytest.mark.timeout(900)]


def large_picture(seed: int) -> bytes:
    """49 MB that cannot be packed any smaller."""
    noise = np.random.default_rng(seed).integers(0, 256, (4080, 4000, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "BMP")
    return file.getvalue()


@contextmanager
def growth() -> Iterator[Callable[[], int]]:
    """Bytes that the server's resident memory grew by at most, since the block began."""
    (server,) = [child for child in psutil.Process().children() if "serve" in child.cmdline()]
    before = most = server.memory_info().rss
    over = Event()

    def watch() -> None:
        nonlocal most
        while not over.wait(0.05):
            most = max(most, server.memory_info().rss)

    thread = Thread(target=watch)
    thread.start()
    try:
        yield lambda: most - before
    finally:
        over.set()
        thread.join()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """A server that has loaded its networks, which take 400 MB whatever is sent."""
    with (
        Program(tmp_path_factory.mktemp("memory")).serving("127.0.0.1") as url,
        httpx2.Client(base_url=url, timeout=600) as client,
    ):
        client.post("/v1/catalogs", json={"catalog": "shop"}).raise_for_status()
        small = ("small.png", png(1), "image/png")
        form = {"product_id": "small"}
        added = client.post("/v1/catalogs/shop/products", data=form, files={"images": small})
        added.raise_for_status()
        client.post("/v1/catalogs/shop/identify", files={"image": small}).raise_for_status()
        yield client


def at_once(ask: Callable[[int], httpx2.Response], many: int) -> dict[int, int]:
    """Statuses and how often each came."""
    with ThreadPoolExecutor(many) as pool:
        answers = list(pool.map(ask, range(many)))
    assert all("retry-after" in answer.headers for answer in answers if answer.status_code == 503)
    statuses = [answer.status_code for answer in answers]
    return {status: statuses.count(status) for status in set(statuses)}


def test_world_forty_pictures_of_49_megabytes_take_little_memory(running: httpx2.Client) -> None:
    picture, kind = large_picture(1), {"Content-Type": "image/bmp"}

    def identify(_: int) -> httpx2.Response:
        with httpx2.Client(base_url=running.base_url, timeout=600) as client:
            return client.post("/v1/catalogs/shop/identify", content=picture, headers=kind)

    with growth() as grown:
        statuses = at_once(identify, 40)
        print(json.dumps({"grown_mb": grown() / 1e6, "statuses": statuses}))  # noqa: T201
        assert grown() < MOST_GROWTH_BYTES
    assert statuses.keys() <= {200, 503}
    assert 200 in statuses


def test_world_eight_forms_of_392_megabytes_take_little_memory(running: httpx2.Client) -> None:
    pictures = [("images", (f"{n}.bmp", large_picture(n), "image/bmp")) for n in range(8)]

    def add(number: int) -> httpx2.Response:
        with httpx2.Client(base_url=running.base_url, timeout=600) as client:
            form = {"product_id": f"p{number}", "keep": "whole"}
            return client.post("/v1/catalogs/shop/products", data=form, files=pictures)

    with growth() as grown:
        statuses = at_once(add, 8)
        print(json.dumps({"grown_mb": grown() / 1e6, "statuses": statuses}))  # noqa: T201
        assert grown() < MOST_GROWTH_BYTES
    assert statuses.keys() <= {201, 422, 503}
    until = time.monotonic() + 60
    while running.post("/v1/catalogs", json={"catalog": "shop"}).status_code != 409:
        assert time.monotonic() < until
