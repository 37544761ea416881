"""The example programs, each run as a person runs it, against a real service."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx2
import pytest

from client.client import Client
from tests.api.web.program import ROOT, Program
from tests.golden.pictures import draw_cartons, place, shrunk, table
from tests.stream.clips import write_clip
from tests.stream.peers.cameras import free_port

# The first start compiles the networks.
pytestmark = [pytest.mark.weights, pytest.mark.timeout(300)]
SECRET = "a secret of the till"


@dataclass(frozen=True)
class ExampleShop:
    """A service with one product, and pictures of it.

    Attributes:
        folder: has the catalogs, the photo and the film.
        url: of the service.
    """

    folder: Path
    url: str

    def command(self, example: str, *arguments: str) -> list[str]:
        """The command line of an example."""
        return [sys.executable, str(ROOT / "examples" / example), *arguments]

    @property
    def environment(self) -> dict[str, str]:
        """With the folders of this service."""
        return {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "SKULENS_STORAGE": str(self.folder / "data"),
            "SKULENS_CACHE_DIR": str(self.folder / "cache"),
            "WEBHOOK_SECRET": SECRET,
        }

    @contextmanager
    def running(self, example: str, *arguments: str) -> Iterator[IO[str]]:
        """Run an example in the background; yields its standard output."""
        process = subprocess.Popen(
            self.command(example, *arguments),
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        try:
            yield process.stdout
        finally:
            process.kill()
            process.communicate()

    def run(self, example: str, *arguments: str) -> str:
        """Run an example to its end; returns its standard output."""
        command = self.command(example, *arguments)
        return subprocess.run(
            command, env=self.environment, stdout=subprocess.PIPE, text=True, check=True
        ).stdout


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExampleShop]:
    folder = tmp_path_factory.mktemp("shop")
    draw_cartons(folder)
    views = [table(640, 360) for _ in range(10)]
    for step, view in enumerate(views):
        place(view, shrunk("mint", 170, 245), 200 + 4 * step, 60)
    film = [*views, *views[::-1]] * 8  # half a minute: a busy machine drops most of it
    write_clip(folder / "film.mp4", pictures=film, times_ms=range(0, 32_000, 200), size=(640, 360))
    with Program(folder).serving("127.0.0.1") as url, Client(url) as skulens:
        skulens.create_catalog("shop")
        skulens.add_product("shop", "mint", [folder / "mint.jpg"], name="Mint tea")
        yield ExampleShop(folder, url)


def test_a_photo_is_identified(shop: ExampleShop) -> None:
    output = shop.run("identify.py", "shop", str(shop.folder / "photo.jpg"))
    assert output.startswith("identical mint ")


def test_a_photo_is_searched_in_two_round_trips(shop: ExampleShop) -> None:
    photo = str(shop.folder / "photo.jpg")
    for tap in ((), ("200,150",)):
        first, *nearest = shop.run("two_round_trips.py", shop.url, "shop", photo, *tap).splitlines()
        assert first.split()[0] in {"object", "painting", "whole"}
        assert nearest == ["mint Mint tea"]


def test_a_film_is_published_and_its_events_reach_a_webhook(shop: ExampleShop) -> None:
    port = free_port()
    hook = {"webhook_id": "till", "url": f"http://127.0.0.1:{port}/", "secret": SECRET}
    film = str(shop.folder / "film.mp4")
    with shop.running("receive_webhooks.py", str(port)) as received:
        httpx2.post(f"{shop.url}/v1/webhooks", json=hook).raise_for_status()
        with shop.running("publish_whip.py", shop.url, "shop", film) as published:
            assert any('"event": "confirmed"' in line for line in published)
        assert any(line.startswith("confirmed mint ") for line in received)


def test_a_film_that_ends_ends_its_session(shop: ExampleShop) -> None:
    # The test before this one killed its publisher, whose session is live until it is missed.
    others = live_sessions(shop)
    shop.run("publish_whip.py", shop.url, "shop", str(shop.folder / "short.mp4"))
    assert live_sessions(shop) <= others


def live_sessions(shop: ExampleShop) -> set[str]:
    """Ids of the sessions that are being matched."""
    with Client(shop.url) as skulens:
        sessions = skulens.request("GET", "/v1/sessions")["sessions"]
    return {session["session_id"] for session in sessions if session["state"] == "live"}


def test_a_delivery_with_a_wrong_signature_is_refused(shop: ExampleShop) -> None:
    port = free_port()
    with shop.running("receive_webhooks.py", str(port)):
        transport = httpx2.HTTPTransport(retries=20)
        with httpx2.Client(transport=transport, timeout=20) as client:
            headers = {"Skulens-Signature": "t=1,v1=0", "Skulens-Event-Number": "1"}
            reply = client.post(f"http://127.0.0.1:{port}/", content=b"{}", headers=headers)
        assert reply.status_code == 403
