"""A source that reconnects: its rules with fakes, its deadlines with real cameras."""

from collections.abc import Callable
from time import monotonic

import numpy as np
import pytest

from stream.camera.reconnecting import ReconnectingSource, ReconnectSettings
from stream.camera.settings import CameraSettings
from stream.camera.source import CameraSource
from stream.errors import SourceError
from stream.frame import Frame
from stream.mailbox import Inbox
from stream.sources import StatusListener
from stream.status import SourceState, SourceStatus, StatusReporter
from tests.stream.peers.cameras import GstCamera, free_port
from tests.stream.peers.proxy import TcpProxy
from tests.stream.watching import SourceRecorder, wait_until, watching

QUICK = ReconnectSettings(first_pause=0.01, max_pause=0.02)
SHOWN_WITHIN_S = 10.0
BACK_WITHIN_S = 5.0


class FakeSource:
    """A source that does what a test wants."""

    source_id = "fake"

    def __init__(self, play: Callable[["FakeSource"], None]) -> None:
        self._play = play
        self.reporter = StatusReporter()
        self.stops = 0

    @property
    def status(self) -> SourceStatus:
        return self.reporter.status

    def start(self, mailbox: Inbox, on_status: StatusListener) -> None:
        self.inbox = mailbox
        self.reporter.listen(on_status)
        self._play(self)

    def stop(self, timeout: float = 2.0) -> None:  # noqa: ARG002  (a source's signature)
        self.stops += 1

    def send(self, media_time: float, captured_at: float = 0.0) -> None:
        self.reporter.report(SourceState.LIVE, "Fine.")
        self.inbox.put(Frame("fake", 0, media_time, captured_at, np.zeros((2, 2, 3), np.uint8)))

    def fail(self, reason: str = "Broken.") -> None:
        self.reporter.report(SourceState.FAILED, reason)


def test_pauses_double_up_to_two_seconds_jitter_included() -> None:
    settings = ReconnectSettings()
    assert [settings.pause(failures, 0.0) for failures in range(1, 6)] == [0.25, 0.5, 1, 2, 2]
    assert settings.pause(1000, 0.0) == 2
    assert settings.pause(4, 0.999) == pytest.approx(1.5, abs=0.01)


def test_a_factory_that_refuses_is_refused_at_once() -> None:
    with pytest.raises(SourceError):
        ReconnectingSource(lambda: CameraSource("gopher://host/"))


@pytest.mark.parametrize("jump_s", [0.0, 3600.0, -3600.0], ids=["", "ahead", "back"])
def test_world_numbers_and_times_go_on_after_a_gap_whatever_the_clock_was_set_to(
    jump_s: float,
) -> None:
    starts, now = iter([(100.0, 0.0), (107.5, jump_s)]), 0.0

    def play(source: FakeSource) -> None:
        nonlocal now
        begin, set_by = next(starts, (0.0, 0.0))
        if not begin:
            return
        for media_time in (0.0, 0.5):
            now = begin + media_time
            source.send(media_time, now + set_by)
            wait_until(lambda: watch.mailbox.is_empty)
        source.fail()

    source = ReconnectingSource(lambda: FakeSource(play), QUICK, clock=lambda: now)
    watch = SourceRecorder(source)
    watch.start()
    wait_until(lambda: len(watch.frames) == 4)
    watch.stop()
    assert [frame[0] for frame in watch.frames] == [0, 1, 2, 3]
    assert [frame[1] for frame in watch.frames] == [0.0, 0.5, 7.5, 8.0]
    assert watch.source.status.reconnects == 1


def test_the_reason_stays_while_it_is_tried_again() -> None:
    source = ReconnectingSource(lambda: FakeSource(lambda fake: fake.fail("No power.")), QUICK)
    with watching(source) as watch:
        wait_until(lambda: watch.state is SourceState.RECONNECTING)
        assert watch.reason == "No power. Trying again."
        wait_until(lambda: source._failures > 5)
        assert [status.state for status in watch.heard] == [SourceState.RECONNECTING]


def test_patience_can_have_an_end() -> None:
    settings = ReconnectSettings(first_pause=0.01, max_pause=0.01, give_up_after=0.1)
    source = ReconnectingSource(lambda: FakeSource(lambda fake: fake.fail("No power.")), settings)
    with watching(source) as watch:
        watch.wait_for(SourceState.FAILED)
        assert watch.reason == "No power."


def test_a_source_that_ends_is_not_started_again() -> None:
    made: list[FakeSource] = []

    def make() -> FakeSource:
        made.append(FakeSource(lambda fake: fake.reporter.report(SourceState.ENDED, "Over.")))
        return made[-1]

    with watching(ReconnectingSource(make, QUICK)) as watch:
        watch.wait_for(SourceState.ENDED)
        assert watch.reason == "Over."
    assert len(made) == 1
    assert made[0].stops >= 1


def test_damage_is_counted_over_all_connections() -> None:
    def play(source: FakeSource) -> None:
        source.reporter.count(corrupt=3)
        source.fail()

    with watching(ReconnectingSource(lambda: FakeSource(play), QUICK)) as watch:
        wait_until(lambda: watch.source.status.corrupt >= 9)


def test_stopping_during_a_pause_takes_no_time() -> None:
    settings = ReconnectSettings(first_pause=2.0)
    source = ReconnectingSource(lambda: FakeSource(FakeSource.fail), settings)
    with watching(source) as watch:
        wait_until(lambda: watch.state is SourceState.RECONNECTING)
        assert watch.stop() < 0.5
        assert watch.state is SourceState.ENDED
        assert watch.reason == "Stopped."


def test_stopping_before_the_start_and_twice_is_no_error() -> None:
    source = ReconnectingSource(lambda: FakeSource(FakeSource.fail), QUICK)
    source.stop()
    source.stop()
    assert source.status.state is SourceState.ENDED


def keeping(url: str) -> ReconnectingSource:
    return ReconnectingSource(lambda: CameraSource(url, CameraSettings()))


def comes_back(watch: SourceRecorder) -> float:
    """Wait for the next picture; return the seconds it took."""
    count = len(watch.frames)
    return wait_until(lambda: len(watch.frames) > count, 15)


def test_a_killed_camera_is_shown_and_comes_back_and_others_lose_nothing() -> None:
    port = free_port()
    with GstCamera() as other, watching(keeping(other.url)) as bystander:
        with GstCamera(port) as camera, watching(keeping(camera.url)) as watch:
            watch.wait_for_frames(20)
            bystander.wait_for_frames(20)
            first = bystander.frames[-1][0], bystander.mailbox.received
            camera.close()
            assert watch.wait_for(SourceState.RECONNECTING) < SHOWN_WITHIN_S
            wait_until(lambda: "refuses the connection" in watch.reason)
            with GstCamera(port):
                assert comes_back(watch) < BACK_WITHIN_S
                assert watch.source.status.reconnects == 1
            watch.wait_for(SourceState.RECONNECTING)
            assert watch.stop() < 2
        begin = next(media_time for index, media_time, *_ in bystander.frames if index == first[0])
        seconds = bystander.frames[-1][1] - begin
        came = bystander.mailbox.received - first[1]
        assert came >= 0.99 * 25 * seconds - 2
        assert [status.state for status in bystander.heard] == [
            SourceState.CONNECTING,
            SourceState.LIVE,
        ]


def test_a_camera_whose_connection_died_without_a_word_comes_back() -> None:
    with GstCamera() as camera, TcpProxy(camera.port) as proxy:
        url = camera.url.replace(str(camera.port), str(proxy.port))
        source = ReconnectingSource(lambda: CameraSource(url, CameraSettings(transport="tcp")))
        with watching(source) as watch:
            watch.wait_for_frames(20)
            proxy.swallow()
            assert watch.wait_for(SourceState.STALLED) < SHOWN_WITHIN_S
            assert watch.wait_for(SourceState.RECONNECTING) < SHOWN_WITHIN_S
            wait_until(lambda: "does not answer" in watch.reason)
            proxy.forward()
            assert comes_back(watch) < BACK_WITHIN_S
            proxy.swallow()
            watch.wait_for(SourceState.STALLED)
            assert watch.stop() < 2


def test_a_changed_password_is_shown_and_the_old_one_works_again() -> None:
    port = free_port()
    url = f"rtsp://operator:old@127.0.0.1:{port}/cam"
    with GstCamera(port, login=("operator", "old")) as camera, watching(keeping(url)) as watch:
        watch.wait_for_frames(5)
        camera.close()
        with GstCamera(port, login=("operator", "new")):
            begin = monotonic()
            wait_until(lambda: "refuses the user name or password" in watch.reason)
            assert monotonic() - begin < SHOWN_WITHIN_S
        with GstCamera(port, login=("operator", "old")):
            assert comes_back(watch) < BACK_WITHIN_S


def test_another_codec_and_size_after_a_restart_are_taken() -> None:
    port = free_port()
    with GstCamera(port) as camera, watching(keeping(camera.url)) as watch:
        watch.wait_for_frames(5)
        camera.close()
        with GstCamera(port, "h265", size=(320, 240)):
            assert comes_back(watch) < BACK_WITHIN_S
            assert watch.last is not None
            assert watch.last.image.shape == (240, 320, 3)
            assert watch.reason == "Pictures of 320x240 come."


@pytest.mark.soak
def test_a_camera_that_was_away_for_ninety_seconds_comes_back() -> None:
    port = free_port()
    with GstCamera(port) as camera, watching(keeping(camera.url)) as watch:
        watch.wait_for_frames(5)
        camera.close()
        begin = monotonic()
        wait_until(lambda: monotonic() - begin > 90, 100)
        assert watch.state is SourceState.RECONNECTING
        with GstCamera(port):
            assert comes_back(watch) < BACK_WITHIN_S
