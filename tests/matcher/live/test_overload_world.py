"""Too many cameras for a machine: each gets its turn, and it is said how rarely that comes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event
from time import sleep

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from matcher.live import LiveSettings
from matcher.live.verification_queue import Matches, VerificationQueue
from matcher.results import Identification, KnownPrint
from tests.matcher.live.harness import TEA, ManagerHarness, catalog
from tests.matcher.live.sources import HandSource, wait_until
from tests.matcher.world import WorldCatalog, WorldFinder

CAMERAS = 10
LOOK_S = 0.05  # a look takes so long that ten cameras' looks come half a second apart


@dataclass
class SlowLookFinder(WorldFinder):
    """Looks take their time."""

    @override
    def survey(
        self,
        image: NDArray[np.uint8],
        catalog: WorldCatalog,
        known: Sequence[KnownPrint] = (),
    ) -> Identification:
        sleep(LOOK_S)
        return super().survey(image, catalog, known)


def test_ten_cameras_on_a_slow_machine_are_all_named_and_the_machine_says_that_they_are_many() -> (
    None
):
    settings = LiveSettings(busy_look_seconds=0.1, slow_look_seconds=0.3, silent_seconds=30.0)
    harness = ManagerHarness(TEA, settings, SlowLookFinder(TEA))
    sources = [HandSource(str(number)) for number in range(CAMERAS)]
    ids = [harness.manager.start(source, catalog) for source in sources]
    index, seen_behind = 0, False

    def all_are_named() -> bool:
        nonlocal index, seen_behind
        index += 1
        for source in sources:
            source.put(TEA.frame(index))
        seen_behind |= harness.manager.is_overloaded
        named = {event.session_id for event in harness.events if event.product_id == "tea"}
        return named == set(ids) and seen_behind

    wait_until(all_are_named, 60.0)
    harness.manager.close()


def test_each_of_many_sessions_gets_its_look_before_anybody_gets_two_more() -> None:
    queue, turns, unevenness = VerificationQueue(), Counter[str](), list[int]()
    names = [str(number) for number in range(CAMERAS)]

    def look_at(name: str) -> Matches:
        turns[name] += 1
        unevenness.append(max(turns.values()) - min(turns[other] for other in names))
        return ()

    def everybody_asks() -> bool:
        for name in names:
            queue.poll(name)
            queue.submit(name, lambda name=name: look_at(name))  # type: ignore[misc]
        return min(turns[name] for name in names) >= 20

    wait_until(everybody_asks)
    assert queue.close(5)
    assert max(unevenness) <= 2


def test_a_session_that_wants_no_look_does_not_wait() -> None:
    queue = VerificationQueue()
    begun = Event()

    def look() -> Matches:
        begun.set()
        return ()

    queue.submit("a", look)
    assert begun.wait(10)
    wait_until(lambda: queue.poll("a").result is not None)
    queue.poll("a")
    assert queue.look_interval_s == 0.0
    assert queue.close(5)


def test_a_look_that_hangs_makes_looks_come_ever_more_rarely() -> None:
    harness = ManagerHarness(TEA, LiveSettings(slow_look_seconds=0.2), HangingFinder(TEA))
    film, other = harness.open(), harness.open()
    for number in range(3):
        film.source.put(TEA.frame(number))
        other.source.put(TEA.frame(number))
        sleep(0.02)
    wait_until(lambda: harness.manager.is_overloaded)
    harness.manager.close()


class HangingFinder(WorldFinder):
    """Looks that last for seconds."""

    @override
    def survey(
        self,
        image: NDArray[np.uint8],
        catalog: WorldCatalog,
        known: Sequence[KnownPrint] = (),
    ) -> Identification:
        sleep(2.0)
        return super().survey(image, catalog, known)


def test_a_frame_that_waits_for_its_turn_is_no_silence() -> None:
    settings = LiveSettings(silent_seconds=0.15, frames_per_second=4)
    harness = ManagerHarness(TEA, settings)
    film = harness.open()
    for number in range(40):
        film.source.put(TEA.frame(number))
        sleep(0.02)
        if ("left", "tea") in harness.story or ("left", None) in harness.story:
            break
    assert [kind for kind, _ in harness.story if kind == "left"] == []
    harness.manager.close()
