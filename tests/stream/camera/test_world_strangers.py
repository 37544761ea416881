"""Exceptions that nobody foresaw end one camera with one sentence, and print nothing."""

import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import av
import pytest

from stream.camera.address import AddressRules, parse_address
from stream.camera.dialer import Dialer
from stream.camera.dialogue import RtspDialogue
from stream.camera.open import open_camera
from stream.camera.reconnecting import ReconnectingSource
from stream.camera.relay import RtspRelay
from stream.camera.settings import CameraSettings
from stream.camera.source import CameraSource
from stream.camera.web.client import HttpReader, HttpStream
from stream.camera.web.hls import HlsParts
from stream.camera.web.mjpeg import MotionJpeg
from stream.decode.frame_builder import FrameBuilder
from stream.errors import SourceError
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


def vendor_exceptions(module: ModuleType) -> list[type[Exception]]:
    """All exceptions that a library has."""
    return [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type)
        and issubclass(kind, Exception)
        and (module is not av.error or issubclass(kind, av.error.FFmpegError))
        and not kind.__name__.startswith("_")
    ]


def made(kind: type[Exception]) -> Exception:
    """One of a kind, with the password in its text."""
    if issubclass(kind, av.error.FFmpegError):
        return kind(1, f"rtsp://operator:{SECRET}@camera")
    return kind(SECRET) if kind is not http.client.BadStatusLine else kind(f"{SECRET} 1")


@pytest.mark.parametrize("address", ["device:0", "http://127.0.0.1:{}/mjpeg"])
def test_every_exception_of_ffmpeg_at_opening_is_a_sentence(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = AddressRules()
    with OddWeb(PAGES).running() as web:
        parsed = parse_address(address.format(web.port), rules)
        for kind in vendor_exceptions(av.error):
            with monkeypatch.context() as patch:
                patch.setattr(av, "open", raising_one(made(kind)))
                with pytest.raises(SourceError) as refused:
                    open_camera(parsed, Dialer(rules), CameraSettings())
            assert ";" in str(refused.value)
            assert SECRET not in str(refused.value)


@pytest.mark.parametrize("module", [http.client, ssl, socket])
def test_every_exception_of_the_network_is_a_sentence(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = AddressRules()
    parsed = parse_address("http://127.0.0.1:9/mjpeg", rules)
    for kind in vendor_exceptions(module):
        with monkeypatch.context() as patch:
            patch.setattr(http.client.HTTPConnection, "request", raising_one(made(kind)))
            with pytest.raises(SourceError) as refused:
                open_camera(parsed, Dialer(rules), CameraSettings())
        assert SECRET not in str(refused.value)


def raising_one(error: Exception) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail
