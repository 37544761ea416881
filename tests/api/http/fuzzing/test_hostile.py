"""Ten thousand requests that nobody should send, to the real program; a few of them fast."""

import json
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from pathlib import Path
from threading import Event, Thread

import httpx2
import psutil
import pytest

from tests.api.http.fuzzing.hostile import Sent, hostile
from tests.api.http.serving import Service, png, serving
from tests.api.web.program import Program

SEED = 20261121
QUICK = 200
MANY = 10_000
AT_ONCE = 4
MEGABYTE = 1_000_000
MOST_GROWN = 1500  # megabytes at any time: two pictures of 64 megapixels are decoded side by side
MOST_LEFT = 400  # and afterwards


# Starlette leaves the temporary file of a form that breaks off to the reference count to close.
@pytest.mark.filterwarnings("ignore:.*SpooledTemporaryFile:pytest.PytestUnraisableExceptionWarning")
def test_a_few_hundred_hostile_requests_are_refused(tmp_path: Path) -> None:
    with serving(tmp_path, per_second=1e6) as running:
        _fill(running.url)
        wrong, statuses = _attack(running.url, SEED, QUICK)
        assert wrong == []
        assert len(statuses) >= 4, statuses  # the requests are not all refused for one reason
        assert _still_serves(running)


@pytest.mark.soak
@pytest.mark.weights
def test_ten_thousand_hostile_requests_are_refused_in_bounded_memory(
    tmp_path: Path,
) -> None:
    many = int(os.environ.get("HOSTILE", MANY))
    with Program(tmp_path, {"SKULENS_REQUESTS_PER_SECOND": "1000000"}).serving("127.0.0.1") as url:
        _fill(url)
        process = _serving_process(url)
        _attack(url, SEED + 1, 100)  # warm: networks, pools, caches
        before = process.memory_info().rss / MEGABYTE
        with _Watched(process) as watched:
            wrong, statuses = _attack(url, SEED, many)
        after = process.memory_info().rss / MEGABYTE
        figures = {
            "requests": many,
            "statuses": dict(sorted(statuses.items())),
            "wrong": len(wrong),
            "rss_mb": {"before": round(before), "most": round(watched.most), "after": round(after)},
        }
        print(json.dumps(figures))  # noqa: T201
        assert wrong == []
        assert process.is_running()
        assert watched.most - before < MOST_GROWN
        assert after - before < MOST_LEFT


def _fill(url: str) -> None:
    with httpx2.Client(base_url=url, timeout=120) as client:
        client.post("/v1/catalogs", json={"catalog": "shop"}).raise_for_status()
        files = {"images": ("tea.png", png(1, 320, 240), "image/png")}
        path = "/v1/catalogs/shop/products"
        client.post(path, data={"product_id": "tea"}, files=files).raise_for_status()


def _attack(url: str, seed: int, many: int) -> tuple[list[str], Counter[int]]:
    """Send them: wrong answers, and how often each status came."""
    statuses: Counter[int] = Counter()
    with (
        httpx2.Client(base_url=url, timeout=120) as client,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):

        def ask(sent: Sent) -> str:
            status = _status(client, sent)
            statuses[status] += 1
            is_right = 400 <= status < 500 or (sent.may_be_fine and 200 <= status < 300)
            return "" if is_right else f"{status} for {sent.what} ({sent.method} {sent.path})"

        answers = list(pool.map(ask, islice(hostile(seed), many)))
    return sorted(set(filter(None, answers))), statuses


def _status(client: httpx2.Client, sent: Sent) -> int:
    headers = {name.encode(): value.encode("latin-1") for name, value in sent.headers.items()}
    for attempt in range(3):
        try:
            answer = client.request(sent.method, sent.path, content=sent.body, headers=headers)
        except httpx2.TransportError:
            # What is refused before it is read may be answered while we still write.
            if attempt == 2:
                return 0
        else:
            assert answer.headers["content-type"].startswith("application/") or answer.is_success
            return answer.status_code
    return 0


def _still_serves(running: Service) -> bool:
    return running.client.get("/v1/catalogs/shop").status_code == 200


def _serving_process(url: str) -> psutil.Process:
    port = int(url.rpartition(":")[2])
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if any(
                c.laddr.port == port and c.status == "LISTEN" for c in process.net_connections()
            ):
                return process
    raise AssertionError("nobody listens")


class _Watched:
    """The most memory that a process has while the block runs, megabytes."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self._over = Event()
        self._thread = Thread(target=self._run, name="watch memory")
        self.most = 0.0

    def __enter__(self) -> "_Watched":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(0.05):
            with suppress(psutil.Error):
                self.most = max(self.most, self._process.memory_info().rss / MEGABYTE)
