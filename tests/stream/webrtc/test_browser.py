"""A page in Chromium as camera and as viewer."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from playwright.sync_api import Browser, Page

from stream.status import SourceState
from stream.webrtc.ice import IceSettings
from stream.webrtc.peers import WebRtcSettings
from tests.stream.peers.browser import chromium
from tests.stream.peers.whip_server import Publication, WhipServer
from tests.stream.watching import wait_until

PAGE = Path(__file__).parents[1] / "peers" / "page.html"
SETTINGS = WebRtcSettings(ice=IceSettings(host_addresses=("127.0.0.1",)))


@pytest.fixture
def server() -> Iterator[WhipServer]:
    made = WhipServer(SETTINGS, PAGE.read_text())
    yield made
    made.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    made = browser.new_page()
    yield made
    made.close()


def publishes(page: Page, server: WhipServer, codec: str = "VP8") -> Publication:
    page.goto(f"{server.url}/?codec={codec}")
    page.wait_for_function("results.ready", timeout=15_000)
    publication = server.publications[-1]
    wait_until(lambda: publication.source.status.state is SourceState.LIVE)
    return publication


@pytest.mark.parametrize("codec", ["VP8", "H264"])
def test_a_page_is_a_camera_gets_events_and_leaves(
    page: Page, server: WhipServer, codec: str
) -> None:
    publication = publishes(page, server, codec)
    wait_until(lambda: publication.mailbox.received >= 20)
    frame = publication.mailbox.take(5)
    assert frame is not None
    assert frame.image.shape[1] / frame.image.shape[0] == pytest.approx(16 / 9, abs=0.02)
    assert frame.image.std() > 10
    wait_until(lambda: publication.source.send(json.dumps({"event": "entered"})))
    page.wait_for_function("results.texts.length > 0", timeout=5_000)
    assert page.evaluate("results.texts[0]") == '{"event": "entered"}'
    assert page.evaluate("leave()") == 200
    assert publication.source.status.state is SourceState.ENDED
    page.wait_for_function("results.texts.length > 1", timeout=5_000)
    assert json.loads(page.evaluate("results.texts[1]")) == {"state": "ended", "reason": "Stopped."}
    assert page.evaluate("leave()") == 404


def test_another_resolution_in_the_middle_is_taken(page: Page, server: WhipServer) -> None:
    publication = publishes(page, server)
    frame = publication.mailbox.take(5)
    assert frame is not None
    width = frame.image.shape[1]
    page.evaluate("shrink()")

    def is_smaller() -> bool:
        newest = publication.mailbox.take(1)
        return newest is not None and newest.image.shape[1] <= width // 2

    wait_until(is_smaller)
    assert publication.source.status.state is SourceState.LIVE


def test_a_page_that_is_closed_has_left(browser: Browser, server: WhipServer) -> None:
    page = browser.new_page()
    publication = publishes(page, server)
    page.close()
    assert wait_until(lambda: publication.source.status.state is SourceState.ENDED, 12) < 10
    wait_until(lambda: server.endpoint.sessions.count == 0)


def test_a_page_plays_the_annotated_picture(page: Page, server: WhipServer) -> None:
    picture = np.full((360, 640, 3), (20, 200, 60), np.uint8)
    server.preview.show(lambda: picture)
    page.goto(f"{server.url}/?role=viewer")
    page.wait_for_function("results.played > 5", timeout=15_000)
    assert server.preview.viewers == 1
    red, green, blue, _ = page.evaluate("look()")
    assert abs(red - 20) < 25
    assert abs(green - 200) < 25
    assert abs(blue - 60) < 25
    page.goto("about:blank")
    wait_until(lambda: server.preview.viewers == 0, 12)


def test_a_browser_that_is_killed_is_noticed_within_ten_seconds(
    browser: Browser, server: WhipServer
) -> None:
    """Run last: the browser of this module is killed."""
    publication = publishes(browser.new_page(), server)
    processes = psutil.Process(os.getpid()).children(recursive=True)
    for process in processes:
        if process.name().startswith("chrom"):
            process.kill()
    assert wait_until(lambda: publication.source.status.state is SourceState.ENDED, 12) < 10
    assert publication.source.status.reason.startswith("The publisher vanished")
    wait_until(lambda: server.endpoint.sessions.count == 0)
