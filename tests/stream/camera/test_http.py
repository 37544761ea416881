"""Cameras over HTTP: a real encoder behind a small web server."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typing_extensions import override

from stream.camera.answers import MISSING
from stream.camera.settings import CameraSettings
from stream.camera.source import CameraSource
from stream.status import SourceState
from tests.stream.clips import write_clip
from tests.stream.peers.cameras import access_units, moving_bar
from tests.stream.watching import wait_until, watching

REALM = 'Digest realm="camera", nonce="abc", qop="auth", algorithm=MD5'


class CameraHandler(BaseHTTPRequestHandler):
    """One camera's web server."""

    protocol_version = "HTTP/1.1"
    folder = Path()

    def do_GET(self) -> None:
        name = self.path.partition("?")[0].strip("/")
        routes: dict[str, Callable[[], None]] = {
            "mjpeg": self._mjpeg,
            "locked": self._locked,
            "silent": self._silent,
            "page": lambda: self._send(b"<html>", "text/html"),
            "away": lambda: self._redirect("http://10.255.0.1/mjpeg"),
            "file": lambda: self._redirect("file:///etc/passwd"),
            "moved": lambda: self._redirect("/mjpeg"),
            "evil.m3u8": lambda: self._send(EVIL, "application/vnd.apple.mpegurl"),
        }
        if name in routes:
            routes[name]()
        elif (self.folder / name).is_file():
            kinds = {".m3u8": "application/vnd.apple.mpegurl", ".ts": "video/mp2t"}
            path = self.folder / name
            self._send(path.read_bytes(), kinds[path.suffix])
        else:
            self.send_error(404)

    @override
    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def _send(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _redirect(self, place: str) -> None:
        self.send_response(302)
        self.send_header("Location", place)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _mjpeg(self, pictures: int = 10**9) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
        self.end_headers()
        units = access_units("mjpeg", (320, 240), 25, moving_bar)
        with suppress(OSError):
            for _, (data, _) in zip(range(pictures), units, strict=False):
                head = f"--next\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
                self.wfile.write(head.encode() + data + b"\r\n")
                time.sleep(0.04)
        self.close_connection = True

    def _silent(self) -> None:
        self._mjpeg(pictures=20)
        with suppress(OSError):
            self.rfile.read(1)

    def _locked(self) -> None:
        """Digest access authentication for operator:s3cret."""
        given = self.headers.get("Authorization", "")
        fields = dict(part.strip().partition("=")[::2] for part in given[7:].split(","))
        fields = {name: value.strip('"') for name, value in fields.items()}
        secret = _md5("operator:camera:s3cret")
        request = _md5(f"GET:{self.path}")
        middle = ":".join(fields.get(name, "") for name in ("nonce", "nc", "cnonce", "qop"))
        if given and fields.get("response") == _md5(f"{secret}:{middle}:{request}"):
            self._mjpeg()
            return
        self.send_response(401)
        self.send_header("WWW-Authenticate", REALM)
        self.send_header("Content-Length", "0")
        self.end_headers()


EVIL = (
    b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n"
    b"#EXTINF:1,\nfile:///etc/hostname\n"
)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    handler = type("Here", (CameraHandler,), {"folder": tmp_path})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_motion_jpeg_is_read_at_once_and_stopped_at_once(web: str) -> None:
    with watching(CameraSource(f"{web}/mjpeg")) as watch:
        watch.wait_for_frames(20)
        assert watch.reason == "Pictures of 320x240 come."
        assert watch.last is not None
        assert watch.last.image.max() > 200
        assert sorted(watch.ages)[10] < 0.1
        assert watch.stop() < 1


def test_a_redirect_on_the_same_host_is_followed(web: str) -> None:
    with watching(CameraSource(f"{web}/moved")) as watch:
        watch.wait_for_frames(5)


@pytest.mark.parametrize("path", ["away", "file"])
def test_a_redirect_elsewhere_is_not(web: str, path: str) -> None:
    with watching(CameraSource(f"{web}/{path}")) as watch:
        watch.wait_for(SourceState.FAILED)
        assert watch.reason.startswith("It redirects to another host")


def test_digest_passwords_open_and_are_not_shown(web: str) -> None:
    url = f"{web}/locked".replace("//", "//operator:{}@")
    with watching(CameraSource(url.format("s3cret"))) as watch:
        watch.wait_for_frames(5)
        assert "s3cret" not in repr(watch.heard) + watch.source.source_id
    with watching(CameraSource(url.format("wr0ng"))) as watch:
        watch.wait_for(SourceState.FAILED)
        assert watch.reason.startswith("It refuses the user name or password; check")
        assert watch.reason.endswith("(HTTP 401).")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("none", f"It {MISSING[3:]} (HTTP 404)."),
        (
            "page",
            "It serves text/html, which is not a stream of pictures; use the address of its "
            "stream, not of its page.",
        ),
        ("evil.m3u8", "Its playlist names something that is not on the web."),
    ],
)
def test_an_address_without_a_stream_is_the_reason(web: str, path: str, reason: str) -> None:
    with watching(CameraSource(f"{web}/{path}")) as watch:
        watch.wait_for(SourceState.FAILED)
        assert watch.reason == reason


def test_a_stream_that_falls_silent_is_lost_in_seconds(web: str) -> None:
    with watching(CameraSource(f"{web}/silent", CameraSettings())) as watch:
        watch.wait_for_frames(10)
        assert watch.wait_for(SourceState.FAILED) < 10
        assert watch.reason == "Nothing came for 5 s."


def test_a_playlist_is_played_at_its_own_pace(web: str, tmp_path: Path) -> None:
    _write_playlist(tmp_path, segments=3)
    with watching(CameraSource(f"{web}/live.m3u8")) as watch:
        watch.wait_for_frames(20)
        wait_until(lambda: watch.state.is_final)
        assert watch.reason == "It ended the stream."
        captured = [captured_at for _, _, captured_at, _ in watch.frames]
        media = [media_time for _, media_time, *_ in watch.frames]
        assert captured[-1] - captured[0] == pytest.approx(media[-1] - media[0], abs=0.05)
        assert captured[-1] - captured[0] > 1.5


def test_stopping_a_playlist_takes_no_time(web: str, tmp_path: Path) -> None:
    _write_playlist(tmp_path, segments=3, is_live=True)
    with watching(CameraSource(f"{web}/live.m3u8")) as watch:
        watch.wait_for_frames(5)
        assert watch.stop() < 2


def _write_playlist(folder: Path, segments: int, *, is_live: bool = False) -> None:
    """HLS segments of one second each."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:1"]
    for number in range(segments):
        write_clip(
            folder / f"{number}.ts",
            times_ms=range(number * 1000, number * 1000 + 1000, 40),
            size=(320, 240),
            container_options={"muxdelay": "0"},
            options={"bf": "0"},
        )
        lines += ["#EXTINF:1.0,", f"{number}.ts"]
    if not is_live:
        lines.append("#EXT-X-ENDLIST")
    (folder / "live.m3u8").write_text("\n".join(lines) + "\n")
