"""Cameras against real RTSP servers."""

import threading
from contextlib import suppress

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from stream.camera.settings import CameraSettings
from stream.camera.source import CameraSource
from stream.decode.frame_builder import FrameLimits
from stream.decode.freeze_detector import FreezeSettings
from stream.errors import SourceError
from stream.mailbox import Mailbox
from stream.status import SourceState
from tests.stream.peers.cameras import GstCamera, PerlCamera, free_port
from tests.stream.peers.listening import listening
from tests.stream.watching import wait_until, watching


@pytest.mark.parametrize("codec", ["h264", "h265", "mjpeg"])
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_pictures_come_numbered_timed_and_young(codec: str, transport: str) -> None:
    settings = CameraSettings(transport="tcp" if transport == "tcp" else "udp")
    with GstCamera(codec=codec) as camera, watching(CameraSource(camera.url, settings)) as watch:
        watch.wait_for_frames(40)
        assert watch.state is SourceState.LIVE
        assert watch.reason == "Pictures of 640x360 come."
        assert watch.last is not None
        assert watch.last.image.shape == (360, 640, 3)
        assert watch.last.image.max() > 200  # the bar
        indices, media, captured, ages = zip(*watch.frames, strict=True)
        assert list(indices) == sorted(set(indices))
        assert indices[-1] < watch.mailbox.received
        assert np.all(np.diff(media) >= 0)
        assert media[-1] - media[0] == pytest.approx(captured[-1] - captured[0], abs=0.6)
        assert 0 <= np.median(ages) < 0.5
        assert watch.source.status.corrupt == 0


def test_a_second_kind_of_rtsp_server_is_read_over_udp_without_a_setting() -> None:
    with PerlCamera() as camera:
        wait_until(lambda: _serves(camera.url))
        with watching(CameraSource(camera.url)) as watch:
            watch.wait_for_frames(50)
            assert watch.reason == "Pictures of 640x360 come."


def test_the_password_opens_the_camera_and_is_shown_nowhere(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with GstCamera(login=("operator", "s3cret/pass")) as camera:
        good = camera.url.replace("//", "//operator:s3cret%2Fpass@")
        with watching(CameraSource(good)) as watch:
            watch.wait_for_frames(5)
            texts = [watch.source.source_id, repr(watch.source.status), repr(watch.heard)]
        wrong = camera.url.replace("//", "//operator:wr0ng@")
        with watching(CameraSource(wrong)) as watch:
            watch.wait_for(SourceState.FAILED)
            assert watch.reason.startswith("It refuses the user name or password;")
            texts += [watch.source.source_id, repr(watch.heard)]
        texts += [thread.name for thread in threading.enumerate()]
    texts += [*capfd.readouterr(), caplog.text]
    for text in texts:
        assert not any(secret in text for secret in ("s3cret", "wr0ng", "operator"))


def test_a_refused_connection_is_the_reason() -> None:
    port = free_port()
    with watching(CameraSource(f"rtsp://127.0.0.1:{port}/cam")) as watch:
        assert watch.wait_for(SourceState.FAILED) < 2
        assert watch.reason.startswith(f"127.0.0.1:{port} refuses the connection;")


def test_a_host_that_does_not_exist_is_the_reason() -> None:
    with watching(CameraSource("rtsp://camera.invalid/cam")) as watch:
        watch.wait_for(SourceState.FAILED, 10)
        assert "camera.invalid" in watch.reason


def test_stopping_while_a_host_hangs_takes_no_time() -> None:
    with listening() as port, watching(CameraSource(f"rtsp://127.0.0.1:{port}/")) as watch:
        wait_until(lambda: bool(watch.heard))
        assert watch.stop() < 1
        assert watch.state is SourceState.ENDED


def test_a_silent_camera_stalls_and_is_lost_at_last() -> None:
    settings = CameraSettings(stall_after=1.0, give_up_after=2.5)
    with GstCamera() as camera, watching(CameraSource(camera.url, settings)) as watch:
        watch.wait_for_frames(10)
        camera.freeze()
        assert watch.wait_for(SourceState.STALLED) < 3
        assert watch.reason == "No new picture for 1 s."
        watch.wait_for(SourceState.FAILED)
        assert watch.reason == "No picture came for 3 s."
        camera.thaw()


def test_a_camera_that_was_silent_for_a_moment_goes_on_without_a_new_connection() -> None:
    settings = CameraSettings(stall_after=0.8, give_up_after=10)
    with GstCamera() as camera, watching(CameraSource(camera.url, settings)) as watch:
        watch.wait_for_frames(10)
        camera.freeze()
        watch.wait_for(SourceState.STALLED)
        camera.thaw()
        watch.wait_for_frames(20)
        assert watch.state is SourceState.LIVE


def test_stopping_a_silent_camera_takes_less_than_two_seconds() -> None:
    with GstCamera() as camera, watching(CameraSource(camera.url)) as watch:
        watch.wait_for_frames(10)
        camera.freeze()
        assert watch.stop() < 1.5
        camera.thaw()


def test_the_end_of_a_stream_is_a_failure_not_an_end() -> None:
    with GstCamera() as camera, watching(CameraSource(camera.url)) as watch:
        watch.wait_for_frames(10)
        camera.close()
        watch.wait_for(SourceState.FAILED)
        assert watch.reason in ("It ended the stream.", "The connection broke.")


def test_damaged_pictures_are_dropped_and_counted_and_good_ones_come_again() -> None:
    with GstCamera() as camera, watching(CameraSource(camera.url)) as watch:
        watch.wait_for_frames(30)
        camera.damage.set()
        wait_until(lambda: watch.source.status.corrupt >= 5)
        camera.damage.clear()
        watch.wait_for_frames(30)
        assert watch.state is SourceState.LIVE


def test_pictures_that_are_too_large_fail_with_a_sentence() -> None:
    settings = CameraSettings(limits=FrameLimits(max_pixels=300 * 200))
    with GstCamera() as camera, watching(CameraSource(camera.url, settings)) as watch:
        watch.wait_for(SourceState.FAILED)
        assert watch.reason == "Its pictures of 640x360 are too large; choose a smaller stream."


def test_a_picture_that_freezes_is_an_alarm_and_movement_ends_it() -> None:
    moving = threading.Event()

    def paint(number: int, width: int, height: int) -> NDArray[np.uint8]:
        image = np.full((height, width, 3), 90, np.uint8)
        if moving.is_set():
            image[:, : number * 8 % width] = 200
        return image

    settings = CameraSettings(limits=FrameLimits(freeze=FreezeSettings(freeze_after=2.5)))
    with GstCamera(paint=paint) as camera, watching(CameraSource(camera.url, settings)) as watch:
        watch.wait_for(SourceState.STALLED)
        assert watch.reason.startswith("Always the same picture comes")
        frames = len(watch.frames)
        moving.set()
        watch.wait_for(SourceState.LIVE)
        assert len(watch.frames) > frames


def test_a_local_camera_that_does_not_exist_is_the_reason() -> None:
    with watching(CameraSource("device:93")) as watch:
        watch.wait_for(SourceState.FAILED)
        assert watch.reason.startswith("There is no such camera at this machine")


def test_stopping_before_the_start_and_twice_is_no_error() -> None:
    source = CameraSource("rtsp://127.0.0.1/cam")
    source.stop()
    source.stop()
    assert source.status.state is SourceState.ENDED


def test_starting_after_stopping_starts_nothing() -> None:
    source = CameraSource("rtsp://127.0.0.1/cam")
    source.stop()
    before = threading.active_count()
    source.start(Mailbox(), lambda _: None)
    assert threading.active_count() == before


def test_a_bad_address_is_refused_at_once() -> None:
    with pytest.raises(SourceError, match="not allowed"):
        CameraSource("file:///etc/passwd")


def _serves(url: str) -> bool:
    """Return whether the Perl server has a publisher."""
    with suppress(av.FFmpegError):
        av.open(url, options={"rtsp_transport": "udp"}, timeout=2).close()
        return True
    return False
