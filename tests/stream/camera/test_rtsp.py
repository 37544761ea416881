"""Opening RTSP cameras: what is there, what answers, and the reason if it is none."""

import pytest

from stream.camera.address import AddressRules, parse_address
from stream.camera.dialer import Dialer
from stream.camera.messages import MAX_HEAD_BYTES
from stream.camera.rtsp import open_rtsp
from stream.camera.settings import CameraSettings
from stream.camera.source import CameraSource
from stream.errors import SourceError
from stream.status import SourceState
from tests.stream.peers.cameras import GstCamera
from tests.stream.peers.listening import listening
from tests.stream.watching import watching


@pytest.mark.parametrize("path", ["/other", ""])
def test_a_path_that_does_not_exist_is_the_reason(path: str) -> None:
    with GstCamera() as camera:
        url = camera.url.replace("/cam", path)
        with watching(CameraSource(url)) as watch:
            watch.wait_for(SourceState.FAILED)
            assert watch.reason.startswith("It has no stream at this path;")
            assert watch.reason.endswith("(RTSP 404 at DESCRIBE).")


def test_a_host_that_accepts_and_hangs_is_given_up_in_seconds() -> None:
    with listening() as port, watching(CameraSource(f"rtsp://127.0.0.1:{port}/")) as watch:
        assert watch.wait_for(SourceState.FAILED) < 6
        assert (
            watch.reason
            == "It accepts the connection, but does not answer; check the port, or start it anew."
        )


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "it does not speak RTSP"),
        (b"SSH-2.0-camera\r\n", "it does not speak RTSP"),
        (b"\x16\x03\x01\x02\xff", "it does not speak RTSP"),
        (b"RTSP/1.0 200 OK\r\n" + b"x" * MAX_HEAD_BYTES, "it does not speak RTSP"),
        (b"RTSP/1.0 301 Moved\r\nCSeq: 1\r\n\r\n", r"it redirects .*\(RTSP 301 at OPTIONS\)$"),
        (b"RTSP/1.0 nonsense\r\n\r\n", "a status that means nothing"),
        (b"RTSP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nv=0\n", "sends no pictures"),
        (b"RTSP/1.0 200 OK\r\nContent-Length: 9999999\r\n\r\n", "longer than 1 MB"),
        (b"RTSP/1.0 401 Unauthorized\r\n\r\n", "wants a user name and password"),
    ],
)
def test_an_answer_that_is_none_is_the_reason(answer: bytes, reason: str) -> None:
    rules = AddressRules()
    with listening(answer) as port:
        address = parse_address(f"rtsp://127.0.0.1:{port}/cam", rules)
        with pytest.raises(SourceError, match=reason):
            open_rtsp(address, Dialer(rules), CameraSettings())
