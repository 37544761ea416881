"""Exceptions that nobody foresaw end one camera with one sentence, and print nothing."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from stream.camera.dialogue import RtspDialogue
from stream.camera.reconnecting import ReconnectingSource
from stream.camera.relay import RtspRelay
from stream.camera.source import CameraSource
from stream.camera.web.client import HttpReader, HttpStream
from stream.camera.web.hls import HlsParts
from stream.camera.web.mjpeg import MotionJpeg
from stream.decode.frame_builder import FrameBuilder
from stream.status import SourceState
from tests.stream.peers.cameras import access_units, moving_bar
from tests.stream.peers.odd_rtsp import OddRtsp
from tests.stream.peers.odd_web import OddPage, OddWeb
from tests.stream.watching import watching

SECRET = "s3cret"
STRANGERS = (KeyError, RecursionError, OverflowError, MemoryError, RuntimeError, UnicodeError)
PLACES: dict[str, tuple[tuple[type, str], ...]] = {
    "/mjpeg": (
        (HttpReader, "open"),
        (HttpStream, "read"),
        (MotionJpeg, "read"),
        (FrameBuilder, "add"),
    ),
    "/live.m3u8": ((HlsParts, "_opened"), (HttpReader, "_note_cookies")),
}
RTSP_PLACES: tuple[tuple[type, str], ...] = (
    (RtspDialogue, "request"),
    (RtspDialogue, "receive"),
    (RtspRelay, "_take"),
)
PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\ns.ts\n#EXT-X-ENDLIST\n"


def parts() -> Iterator[bytes]:
    for unit, _ in access_units("mjpeg", (64, 48), 25, moving_bar):
        yield b"--b\r\n\r\n" + unit


PAGES = {
    "/mjpeg": OddPage(kind="multipart/x-mixed-replace", parts=parts, pause=0.04),
    "/live.m3u8": OddPage(parts=lambda: iter([PLAYLIST]), has_length=True),
}


def raising(stranger: type[Exception]) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> None:
        raise stranger(f"rtsp://operator:{SECRET}@camera")

    return fail


@pytest.fixture(autouse=True)
def quiet(capfd: pytest.CaptureFixture[str]) -> Any:
    yield
    assert "".join(capfd.readouterr()) == ""
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("relay")]


def check(watch: Any, stranger: type[Exception]) -> None:
    watch.wait_for(SourceState.FAILED, 15)
    assert f"({stranger.__name__})" in watch.reason
    assert SECRET not in watch.reason


@pytest.mark.parametrize("path", PLACES)
def test_a_stranger_of_a_web_camera_is_a_sentence(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with OddWeb(PAGES).running() as web:
        for stranger, place in zip(STRANGERS, PLACES[path] * 2, strict=False):
            with monkeypatch.context() as patch:
                patch.setattr(place[0], place[1], raising(stranger))
                with watching(CameraSource(web.url(path))) as watch:
                    check(watch, stranger)


@pytest.mark.parametrize("stranger", STRANGERS[:1])
def test_a_stranger_of_an_rtsp_camera_is_a_sentence(
    stranger: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in RTSP_PLACES:
        with monkeypatch.context() as patch, OddRtsp().running() as camera:
            patch.setattr(place[0], place[1], raising(stranger))
            with watching(CameraSource(camera.url)) as watch:
                check(watch, stranger)


def test_a_stranger_at_a_new_attempt_ends_the_source_with_a_sentence() -> None:
    sources = [CameraSource("rtsp://127.0.0.1:9/cam")]

    def make() -> CameraSource:
        return sources.pop()

    with watching(ReconnectingSource(make)) as watch:
        check(watch, IndexError)
