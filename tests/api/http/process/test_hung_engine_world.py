"""gunicorn with an engine that hangs: callers are answered, and another engine takes over."""

import json
import time
from pathlib import Path
from threading import Thread

import httpx2
import psutil
import pytest

from api.http.edge.proxy import CONNECT_S
from tests.api.http.process.test_processes import Farm, farm, sessions
from tests.stream.clips import write_clip

SILENT_S = 15  # longer than a call's patience, so that calls are answered by the worker alone
SLACK_S = 10.0  # other work may have this machine; alone it takes 1.5 s, and patience exactly

pytestmark = [pytest.mark.soak, pytest.mark.weights]


def test_world_a_hung_engine_is_noticed_answered_for_and_replaced(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", times_ms=range(0, 180_000, 40), size=(640, 480))
    with farm(tmp_path, 2, ENGINE_SILENCE_S=str(SILENT_S)) as running:
        assert running.post("/v1/catalogs", json={"catalog": "shop"}).status_code == 201
        camera = {"camera_id": "till", "address": "rtsp://127.0.0.1:9/none", "catalog": "shop"}
        assert running.post("/v1/cameras", json=camera).status_code == 201
        kind = {"Content-Type": "video/mp4"}
        video = running.post("/v1/catalogs/shop/videos", content=clip.read_bytes(), headers=kind)
        job = f"/v1/videos/{video.json()['job_id']}"
        hung = running.engine()
        hung.suspend()
        began = time.monotonic()
        probes, calls = PendingCall(running, "/readyz"), PendingCall(running, "/v1/catalogs")
        for pending, bound_s in ((probes, 2.0), (calls, CONNECT_S)):
            answer = pending.answer()
            assert answer.status_code == 503
            assert answer.json()["type"].endswith(":silent")
            assert int(answer.headers["Retry-After"]) > 0
            assert time.monotonic() - began < bound_s + SLACK_S
        assert running.get("/healthz").status_code == 200
        while hung.is_running() and hung.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() - began < SILENT_S + 2 * SLACK_S
            time.sleep(0.2)
        running.until_ready(60)
        assert running.engine().pid != hung.pid
        until = time.monotonic() + 60
        while not (sessions(running) and running.get(job).json()["state"] == "running"):
            assert time.monotonic() < until
            time.sleep(0.2)
        figures = {"back_after_s": round(time.monotonic() - began, 1)}
        print(json.dumps(figures))  # noqa: T201


class PendingCall:
    """A request under way."""

    def __init__(self, running: Farm, path: str) -> None:
        self._answers: list[httpx2.Response] = []
        self._thread = Thread(target=lambda: self._answers.append(running.get(path)))
        self._thread.start()

    def answer(self) -> httpx2.Response:
        """Return what came."""
        self._thread.join()
        return self._answers[0]
