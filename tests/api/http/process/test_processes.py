"""gunicorn with four workers before one engine, as it is run; processes die on the way."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2
import psutil
import pytest

from client.client import Client
from tests.api.http.serving import png
from tests.stream.clips import write_clip
from tests.stream.peers.cameras import GstCamera

ROOT = Path(__file__).parents[4]
START_S = 120.0  # networks are compiled at the very first start
STOP_S = 15.0  # the bar is 10 s on a machine of one's own
BACK_S = 30.0  # the bar is 10 s on a machine of one's own; other work may have this one

pytestmark = [pytest.mark.soak, pytest.mark.weights]


@dataclass(frozen=True)
class Farm:
    """gunicorn's master and how to ask it."""

    master: psutil.Process
    url: str

    def get(self, path: str) -> httpx2.Response:
        """Ask over a new connection, so that any worker may answer."""
        with httpx2.Client(base_url=self.url, timeout=30) as client:
            return client.get(path)

    def post(self, path: str, **what: object) -> httpx2.Response:
        """Post over a new connection."""
        with httpx2.Client(base_url=self.url, timeout=60) as client:
            return client.post(path, **what)  # type: ignore[arg-type]

    def engine(self) -> psutil.Process:
        """The engine's process: the child that listens on its socket."""
        until = time.monotonic() + BACK_S
        while True:
            for child in self.master.children():
                with suppress(psutil.NoSuchProcess):  # a worker that is just being replaced
                    sockets = child.net_connections("unix")
                    if any(str(unix.laddr).endswith("engine.sock") for unix in sockets):
                        return child
            assert time.monotonic() < until
            time.sleep(0.05)

    def workers(self) -> list[psutil.Process]:
        """gunicorn's."""
        engine = self.engine().pid
        return [child for child in self.master.children() if child.pid != engine]

    def until_ready(self, most_s: float = BACK_S) -> float:
        """Seconds until it is."""
        began = time.monotonic()
        while True:
            try:
                if self.get("/readyz").status_code == 200:
                    return time.monotonic() - began
            except httpx2.TransportError:
                pass
            assert time.monotonic() - began < most_s
            time.sleep(0.1)


@contextmanager
def farm(folder: Path, workers: int = 4, **settings: str) -> Iterator[Farm]:
    """Settings are named in upper case, without prefix."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given = {"STATE": str(folder / "state"), "STORAGE": str(folder / "data"), **settings}
    command = [sys.executable, "-m", "gunicorn", "--config", str(ROOT / "gunicorn.conf.py")]
    command += ["--workers", str(workers), "--bind", f"127.0.0.1:{port}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment |= {f"SKULENS_{name}": text for name, text in given.items()}
    with subprocess.Popen(command, cwd=folder, env=environment) as process:
        running = Farm(psutil.Process(process.pid), f"http://127.0.0.1:{port}")
        try:
            running.until_ready(START_S)
            yield running
        finally:
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            process.wait(STOP_S)
            print(f"stopped in {time.monotonic() - began:.1f} s")  # noqa: T201


def test_every_worker_answers_and_what_dies_comes_back(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", times_ms=range(0, 180_000, 40), size=(640, 480))
    with farm(tmp_path) as running:
        assert running.post("/v1/catalogs", json={"catalog": "shop"}).status_code == 201
        files = {"images": ("tea.png", png(1, 320, 240), "image/png")}
        added = running.post("/v1/catalogs/shop/products", data={"product_id": "tea"}, files=files)
        assert added.status_code == 201
        camera = {"camera_id": "till", "address": "rtsp://127.0.0.1:9/none", "catalog": "shop"}
        assert running.post("/v1/cameras", json=camera).status_code == 201
        kind = {"Content-Type": "video/mp4"}
        video = running.post("/v1/catalogs/shop/videos", content=clip.read_bytes(), headers=kind)
        path = f"/v1/videos/{video.json()['job_id']}"
        time.sleep(2)

        paths = [path, path.replace("videos", "jobs"), "/v1/sessions", "/v1/cameras"]
        paths += [f"/v1/sessions/{session['session_id']}" for session in sessions(running)]
        for _ in range(200):
            assert running.get(random.choice(paths)).status_code == 200

        running.workers()[0].kill()
        for _ in range(50):
            assert running.get(path).status_code == 200

        backs = [_back(running, running.engine(), path) for _ in range(3)]

        before, master = running.engine().pid, running.master
        old = {worker.pid for worker in running.workers()}
        master.send_signal(signal.SIGHUP)
        while old & {worker.pid for worker in running.workers()}:
            time.sleep(0.1)
        assert running.engine().pid == before
        assert running.get("/readyz").status_code == 200
        figures = {"back_s": backs, "memory_mb": memory(running)}
        print(json.dumps(figures))  # noqa: T201
    with farm(tmp_path, workers=1) as again:
        assert again.get(path).json()["state"] in ("waiting", "running")
        print(json.dumps({"memory_mb": memory(again)}))  # noqa: T201


def _back(running: Farm, victim: psutil.Process, job: str) -> dict[str, float]:
    """Kill a process; seconds until the service answers, and until camera and job are back."""
    began = time.monotonic()
    victim.kill()
    victim.wait(10)
    ready = running.until_ready()
    while not _works(running, job):
        assert time.monotonic() - began < BACK_S
        time.sleep(0.05)
    work = round(time.monotonic() - began, 2)
    figures = {"ready": round(ready, 2), "camera_and_job": work}
    print(json.dumps(figures))  # noqa: T201
    return figures


def _works(running: Farm, job: str) -> bool:
    shown, working = running.get("/v1/sessions"), running.get(job)
    if (shown.status_code, working.status_code) != (200, 200):
        return False
    return bool(shown.json()["sessions"]) and working.json()["state"] == "running"


def test_a_stop_tells_everybody_and_the_job_goes_on(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", times_ms=range(0, 180_000, 40), size=(640, 480))
    with GstCamera() as camera:
        with farm(tmp_path) as running:
            assert running.post("/v1/catalogs", json={"catalog": "shop"}).status_code == 201
            kind = {"Content-Type": "video/mp4"}
            video = running.post(
                "/v1/catalogs/shop/videos", content=clip.read_bytes(), headers=kind
            )
            path = f"/v1/videos/{video.json()['job_id']}"
            url = camera.url
            for _ in range(3):
                order = {"catalog": "shop", "url": url, "transport": "tcp"}
                assert running.post("/v1/sessions", json=order).status_code == 201
            _until(lambda: [session["state"] for session in sessions(running)] == ["live"] * 3)
            _until(lambda: running.get(path).json()["done"] > 0)
            done = running.get(path).json()["done"]
            readers = [
                _SessionFollower(running.url, str(session["session_id"]))
                for session in sessions(running)
            ]
            _until(lambda: all(reader.kinds for reader in readers))
        assert [reader.last() for reader in readers] == ["end"] * 3
        with farm(tmp_path) as again:
            assert again.get(path).json()["state"] in ("waiting", "running")
            _until(lambda: again.get(path).json()["done"] > done)


class _SessionFollower:
    """Reads the events of a session until they end."""

    def __init__(self, url: str, session_id: str) -> None:
        self._client = Client(url)
        self._session_id = session_id
        self.kinds: list[str] = []
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def last(self) -> str:
        """Return the kind of the last item; the connection has ended."""
        self._thread.join(10)
        assert not self._thread.is_alive()
        return self.kinds[-1]

    def _run(self) -> None:
        with self._client:
            for item in self._client.session_events(self._session_id):
                self.kinds.append(item.kind)


def _until(is_so: Callable[[], bool], most_s: float = 60.0) -> None:
    end = time.monotonic() + most_s
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.1)


def sessions(running: Farm) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = running.get("/v1/sessions").json()["sessions"]
    return shown


def memory(running: Farm) -> dict[str, float]:
    """Proportional shares, megabytes."""

    def of(one: psutil.Process) -> float:
        return round(float(one.memory_full_info().pss) / 1e6, 1)

    return {
        "engine": of(running.engine()),
        "master": of(running.master),
        "workers": round(sum(map(of, running.workers())), 1),
    }


def test_a_large_upload_lies_on_the_disk_and_not_in_memory(tmp_path: Path) -> None:
    def film() -> Iterator[bytes]:
        yield b"\x00\x00\x00\x20ftypisom" + bytes(20)
        for _ in range(2048):
            yield bytes(1 << 20)

    with farm(tmp_path, workers=1) as running:
        assert running.post("/v1/catalogs", json={"catalog": "shop"}).status_code == 201
        everybody = [running.engine(), *running.workers()]
        before = {process.pid: process.memory_info().rss for process in everybody}
        kind = {"Content-Type": "video/mp4"}
        answer = running.post("/v1/catalogs/shop/videos", content=film(), headers=kind)
        assert answer.status_code == 422  # it is no film after all
        grown = {
            process.pid: (process.memory_info().rss - before[process.pid]) / 1e6
            for process in everybody
        }
        print(json.dumps({"grown_mb": list(grown.values())}))  # noqa: T201
        assert max(grown.values()) < 100
        assert list((tmp_path / "state" / "jobs").iterdir()) == []
