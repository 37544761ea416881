"""A day of a camera that is lost every hour, compressed: nothing grows."""

import gc
import os
from threading import active_count
from time import monotonic, sleep
from typing import Final

import psutil
import pytest

from matcher.live import LiveSettings
from stream.camera.reconnecting import ReconnectingSource, ReconnectSettings
from stream.camera.source import CameraSource
from stream.status import SourceState
from tests.matcher.live.harness import TEA, ManagerHarness, catalog
from tests.matcher.live.lost_camera import LostCamera

DAYS: Final = float(os.environ.get("SOAK_DAYS", "5"))
RECONNECTS: Final = round(24 * DAYS)
SETTLED: Final = 24  # reconnects until codecs, arenas and caches have their memory
GROWTH_MB: Final = 20.0
QUICK: Final = ReconnectSettings(first_pause=0.01, max_pause=0.05)


@pytest.mark.soak
def test_world_a_camera_that_is_lost_every_hour_costs_no_memory_and_no_threads() -> None:
    process, harness = psutil.Process(), ManagerHarness(TEA, LiveSettings())
    harness.manager.listen(lambda _: harness.messages.clear())
    with LostCamera.serving() as camera:
        source = ReconnectingSource(lambda: CameraSource(camera.url), QUICK)
        session_id = harness.manager.start(source, catalog)
        seen: list[tuple[float, int, int]] = []

        def reconnects() -> int:
            return harness.manager.get(session_id).counters.reconnects

        for number in range(1, RECONNECTS + 1):
            until = monotonic() + 60
            while reconnects() < number:
                assert monotonic() < until, harness.manager.get(session_id)
                sleep(0.01)
            gc.collect()
            seen.append((process.memory_info().rss / 2**20, active_count(), process.num_fds()))
        assert harness.manager.get(session_id).state is not SourceState.FAILED
        harness.manager.close()
    memory, threads, files = zip(*seen[SETTLED:], strict=True)
    print(f"{RECONNECTS} reconnects: {memory[0]:.0f} to {memory[-1]:.0f} MB")  # noqa: T201
    assert max(memory) - memory[0] < GROWTH_MB
    assert max(threads) - min(threads) <= 4  # one connection's, while the next one begins
    assert max(files) - min(files) <= 8
