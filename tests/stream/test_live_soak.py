"""Half an hour at 30 pictures per second for a consumer that takes three.

The sender's time is burnt into each picture, so that the wait in a decoder or a jitter buffer
counts as age, too.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, time

import numpy as np
import psutil
import pytest

from bench.live.scene import read_number
from stream.frame import Frame
from stream.mailbox import Mailbox
from stream.sources import LiveSource
from stream.webrtc.peers import WebRtcSettings
from stream.webrtc.whip_source import WhipSource
from tests.stream.camera.test_reconnecting import keeping
from tests.stream.peers.cameras import free_port
from tests.stream.peers.webrtc import ICE, PUBLISHER
from tests.stream.peers.whip_server import WhipServer
from tests.stream.watching import wait_until

MINUTES = float(os.environ.get("SOAK_MINUTES", "30"))
WARM_UP = 0.2  # of the time
AGE_BOUND_S = 0.5
SLOPE_BOUND_MB = 1.0


CAMERA = """
import sys
from bench.live.scene import burn
from tests.stream.peers.cameras import GstCamera, moving_bar
from tests.stream.peers.whip_publisher import centiseconds
def paint(number, width, height):
    image = moving_bar(number, width, height)
    burn(image, centiseconds())
    return image
with GstCamera(int(sys.argv[1]), size=(1280, 720), rate=30, paint=paint):
    sys.stdin.read()
"""


def true_age(frame: Frame) -> float | None:
    """Seconds since the sender painted a picture; None if its clock cannot be read."""
    shown = read_number(frame.image)
    return None if shown is None else (time() * 100 - shown) % 2**16 / 100


@contextmanager
def rtsp(_: Path) -> Iterator[tuple[LiveSource, Mailbox]]:
    """A camera in a process of its own, so that its encoder's memory is not ours."""
    port, root = free_port(), Path(__file__).parents[2]
    command = [sys.executable, "-c", CAMERA, str(port)]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE) as camera:
        source, mailbox = keeping(f"rtsp://127.0.0.1:{port}/cam"), Mailbox()
        source.start(mailbox, lambda _: None)
        yield source, mailbox
        source.stop()
        camera.communicate()


@contextmanager
def whip(folder: Path) -> Iterator[tuple[LiveSource, Mailbox]]:
    key, certificate = str(folder / "key.pem"), str(folder / "certificate.pem")
    make = f"openssl ecparam -name prime256v1 -genkey -noout -out {key} && "
    make += f"openssl req -new -x509 -key {key} -subj /CN=test -out {certificate}"
    subprocess.run(make, shell=True, check=True, capture_output=True)
    server = WhipServer(WebRtcSettings(ice=ICE))
    seconds = str(MINUTES * 60 + 60)
    command = [sys.executable, str(PUBLISHER), f"{server.url}/whip", certificate, key]
    with subprocess.Popen([*command, "1280x720", "30", seconds, "stamped"]) as publisher:
        wait_until(lambda: bool(server.publications))
        source: WhipSource = server.publications[0].source
        yield source, server.publications[0].mailbox
        publisher.kill()
    server.close()


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("open_source", [rtsp, whip], ids=["rtsp", "whip"])
def test_age_and_memory_stay_flat_before_a_slow_taker(
    open_source: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(open_source)
    pause, process = threading.Event(), psutil.Process()
    ages: list[float] = []
    estimated_ages: list[float] = []
    memory: list[tuple[float, float]] = []
    with open_source(tmp_path) as (source, mailbox):
        assert mailbox.take(30) is not None
        begin = monotonic()
        while (minutes := (monotonic() - begin) / 60) < MINUTES:
            frame = mailbox.take(5)
            assert frame is not None, source.status
            age = true_age(frame)
            assert age is not None
            ages.append(age)
            estimated_ages.append(time() - frame.captured_at)
            pause.wait(1 / 3)
            if minutes > MINUTES * WARM_UP:
                memory.append((minutes, process.memory_info().rss / 2**20))
        mailbox.close()
        wait_until(lambda: mailbox.received == mailbox.taken + mailbox.dropped)
    slope = float(np.polyfit(np.array(memory)[:, 0], np.array(memory)[:, 1], 1)[0])
    received, taken, dropped = mailbox.received, mailbox.taken, mailbox.dropped
    with capsys.disabled():
        print(  # noqa: T201
            f"\n{source.source_id}, {MINUTES:g} minutes: {received} in = {taken} taken + {dropped} "
            f"dropped; age in the picture p50 {np.median(ages) * 1e3:.0f} ms, p95 "
            f"{np.percentile(ages, 95) * 1e3:.0f} ms, largest {max(ages) * 1e3:.0f} ms; estimated "
            f"p95 {np.percentile(estimated_ages, 95) * 1e3:.0f} ms; memory "
            f"{memory[-1][1]:.0f} MB, slope {slope:+.2f} MB/min"
        )
    assert received >= 0.97 * 30 * 60 * MINUTES
    assert np.percentile(ages, 99) < AGE_BOUND_S
    assert slope <= SLOPE_BOUND_MB
