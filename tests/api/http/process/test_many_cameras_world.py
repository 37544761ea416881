"""Ten cameras before a service on two cores, each with a product of the catalog in view.

`SOAK_MINUTES=2 pytest -s -m soak tests/api/http/process/test_many_cameras_world.py`
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread

import cv2
import httpx2
import numpy as np
import pytest

from api.demo.render import SEED
from bench.live.scene import SceneSize, draw_scene
from bench.live.sender import write_film
from client.client import Client
from tests.api.http.process.test_processes import ROOT, Farm, farm, sessions
from training.render.shop import (
    PackagedProduct,
    draw_studio_picture,
    make_products,
    write_pictures,
)

MINUTES = float(os.environ.get("SOAK_MINUTES", "10"))
CAMERAS = 10
SIZE = SceneSize(1280, 720, 15.0)
POLL_S = 0.25  # between two questions whether the worker lives
JPEG = (cv2.IMWRITE_JPEG_QUALITY, 85)

pytestmark = [pytest.mark.soak, pytest.mark.weights, pytest.mark.timeout(7200)]


def test_world_every_product_before_ten_cameras_is_named(tmp_path: Path) -> None:
    everything = make_products(SEED)
    products = everything[-CAMERAS:]  # the first are near-twins, another question
    write_pictures(tmp_path / "pictures", everything, lambda *_: None)
    command = [sys.executable, "-m", "skulens", "catalog", "import", "shop", "pictures"]
    given = {"SKULENS_STORAGE": str(tmp_path / "data"), "PYTHONPATH": str(ROOT)}
    subprocess.run(command, cwd=tmp_path, env={**os.environ, **given}, check=True)
    with ExitStack() as stack:
        films = [
            stack.enter_context(sending(tmp_path / product.product_id, product))
            for product in products
        ]
        running = stack.enter_context(farm(tmp_path, 2))
        for url in films:
            order = {"catalog": "shop", "url": url}
            assert running.post("/v1/sessions", json=order).status_code == 201
        names = [SessionNames(running.url, session["session_id"]) for session in sessions(running)]
        beats = stack.enter_context(heartbeats(running))
        reasons, ages_ms = set[str](), list[float]()
        until = time.monotonic() + 60 * MINUTES
        while time.monotonic() < until:
            time.sleep(2.0)
            reasons.add(running.get("/readyz").json()["reason"])
            ages_ms += [session["counters"]["age_p99_ms"] for session in sessions(running)]
        wanted = {product.product_id for product in products}
        named = set[str]().union(*(session.found for session in names))
        figures = {
            "minutes": MINUTES,
            "named": len(named & wanted),
            "of": len(wanted),
            "age_p99_ms": round(max(ages_ms)),
            "healthz_max_ms": round(1e3 * max(beats)),
            "healthz_p99_ms": round(1e3 * float(np.percentile(beats, 99))),
            "load": os.getloadavg()[0],
            "reasons": sorted(reasons)[:4],
        }
        print(json.dumps(figures))  # noqa: T201
        states = [session["state"] for session in sessions(running)]
    assert states == ["live"] * CAMERAS
    assert named >= wanted


class SessionNames:
    """The products that a session has named so far."""

    def __init__(self, url: str, session_id: str) -> None:
        self.found = set[str]()
        self._client = Client(url)
        Thread(target=self._run, args=(session_id,), daemon=True).start()

    def _run(self, session_id: str) -> None:
        with self._client:
            for item in self._client.session_events(session_id):
                if item.kind == "appearance" and item.data["event"] == "confirmed":
                    self.found.add(item.data["product_id"])


@contextmanager
def heartbeats(running: Farm) -> Iterator[list[float]]:
    """Seconds that each answer of `/healthz` took, while the block runs."""
    over, took = Event(), list[float]()

    def ask() -> None:
        with httpx2.Client(base_url=running.url, timeout=30) as client:
            while not over.wait(POLL_S):
                began = time.monotonic()
                client.get("/healthz").raise_for_status()
                took.append(time.monotonic() - began)

    thread = Thread(target=ask)
    thread.start()
    try:
        yield took
    finally:
        over.set()
        thread.join()


@contextmanager
def sending(film: Path, product: PackagedProduct) -> Iterator[str]:
    """A camera in a process of its own, with a product that comes, stays and goes: its address."""
    picture = draw_studio_picture(product.solid, 0.12, 0.06)
    codes = [
        cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), JPEG)[1].tobytes()
        for image in draw_scene({product.product_id: picture}, SIZE)
    ]
    write_film(film, codes)
    command = [sys.executable, "-m", "bench.live.sender", str(film), str(SIZE.rate)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as sender:
        assert sender.stdout is not None
        port = sender.stdout.readline().split()[0]
        try:
            yield f"http://127.0.0.1:{port}/camera"
        finally:
            sender.kill()
