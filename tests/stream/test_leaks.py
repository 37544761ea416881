"""Two hundred sessions started and stopped, half of them killed mid-handshake."""

import gc
import threading
from functools import partial
from pathlib import Path
from time import monotonic, sleep

import psutil
import pytest
from typing_extensions import override

from stream.camera.reconnecting import ReconnectingSource
from stream.camera.settings import CameraSettings
from stream.camera.source import CameraSource
from stream.mailbox import Mailbox
from stream.status import SourceState
from stream.webrtc.peers import WebRtcSettings
from tests.stream.peers.browser import chromium
from tests.stream.peers.cameras import GstCamera
from tests.stream.peers.webrtc import ICE, WebRtcPeer, until
from tests.stream.peers.whip_server import Publication, WhipServer
from tests.stream.watching import wait_until

SESSIONS = 200
WARM_UP = 20
PAGES = 6
PAGE = Path(__file__).parent / "peers" / "page.html"


class Belongings:
    """Threads, open files and sockets, and memory of this process."""

    def __init__(self) -> None:
        gc.collect()
        # asyncio's own pool has a bound, and fills up to it in its own time
        names = [thread.name for thread in threading.enumerate()]
        self.threads = sum(not name.startswith("asyncio_") for name in names)
        self.files = len(list(Path("/proc/self/fd").iterdir()))
        self.memory = psutil.Process().memory_info().rss

    @override
    def __str__(self) -> str:
        return f"{self.threads} threads, {self.files} files, {self.memory / 2**20:.0f} MB"


def settled(before: Belongings) -> Belongings:
    """Count what is left after everything had time to end."""
    now, deadline = Belongings(), monotonic() + 15
    while (now.threads > before.threads or now.files > before.files) and monotonic() < deadline:
        sleep(0.1)
        now = Belongings()
    assert now.threads <= before.threads, f"before {before}, now {now}"
    assert now.files <= before.files, f"before {before}, now {now}"
    return now


@pytest.mark.soak
def test_cameras_leave_nothing_behind(capsys: pytest.CaptureFixture[str]) -> None:
    def one(is_killed_early: bool) -> None:
        source = ReconnectingSource(
            lambda: CameraSource(camera.url, CameraSettings(transport="tcp"))
        )
        mailbox = Mailbox()
        source.start(mailbox, lambda _: None)
        if not is_killed_early:
            assert mailbox.take(20) is not None
        source.stop()
        mailbox.close()

    with GstCamera(size=(320, 240)) as camera:
        for number in range(WARM_UP):
            one(number % 2 == 0)
        wait_until(lambda: threading.active_count() <= 3)
        before = Belongings()
        for number in range(SESSIONS):
            one(number % 2 == 0)
        after = settled(before)
    with capsys.disabled():
        print(f"\n{SESSIONS} cameras: before {before}; after {after}")  # noqa: T201
    assert after.memory < before.memory * 1.05


@pytest.mark.soak
def test_publishers_leave_nothing_behind(capsys: pytest.CaptureFixture[str]) -> None:
    async def one(is_killed_early: bool) -> None:
        client = WebRtcPeer()
        answer = await server.endpoint.offer(await client.offer())
        source = server.endpoint.source(answer.key)
        assert source is not None
        mailbox = Mailbox()
        source.start(mailbox, lambda _: None)
        if is_killed_early:
            await client.peer.close()
        else:
            await client.accept(answer.sdp)
            await until(lambda: mailbox.received >= 3)
        await server.endpoint.sessions.delete(answer.key)
        await client.peer.close()

    server = WhipServer(WebRtcSettings(ice=ICE))
    try:
        for number in range(WARM_UP):
            server.run(one(number % 2 == 0), 30)
        wait_until(lambda: server.tasks() == 0)
        before = Belongings()
        for number in range(SESSIONS):
            server.run(one(number % 2 == 0), 30)
        wait_until(lambda: server.tasks() == 0)
        after = settled(before)
        assert server.endpoint.sessions.count == 0
    finally:
        server.close()
    with capsys.disabled():
        print(f"\n{SESSIONS} publishers: before {before}; after {after}")  # noqa: T201
    assert after.memory < before.memory * 1.05


def _is_live(publication: Publication) -> bool:
    return publication.source.status.state is SourceState.LIVE


@pytest.mark.soak
def test_browsers_that_are_killed_mid_handshake_leave_nothing_behind() -> None:
    def killed_with_its_pages() -> None:
        known = len(server.publications)
        with chromium() as browser:
            pages = [browser.new_page() for _ in range(PAGES)]
            for number, page in enumerate(pages):
                page.goto(f"{server.url}/?codec=VP8{'&half' if number % 2 else ''}")
                page.wait_for_function("results.ready", timeout=30_000)
            for publication in server.publications[known::2]:
                wait_until(partial(_is_live, publication))
            for process in psutil.Process().children(recursive=True):
                if process.name().startswith("chrom"):
                    process.kill()
        wait_until(lambda: server.endpoint.sessions.count == 0)
        wait_until(lambda: server.tasks() == 0)
        for number, publication in enumerate(server.publications[known:]):
            state = publication.source.status.state
            assert state is (SourceState.FAILED if number % 2 else SourceState.ENDED)

    server = WhipServer(WebRtcSettings(ice=ICE), PAGE.read_text())
    try:
        killed_with_its_pages()
        before = Belongings()
        for _ in range(3):
            killed_with_its_pages()
        settled(before)
    finally:
        server.close()
