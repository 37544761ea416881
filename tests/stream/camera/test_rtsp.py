"""Opening RTSP cameras: the probe, the transports, and the reason of every refusal."""

from typing import Literal

import av
import pytest

from stream.camera.address import AddressRules, parse_address
from stream.camera.dialer import Dialer
from stream.camera.rtsp import (
    MAX_ANSWER_BYTES,
    NO_SUCH_TRANSPORT,
    REASONS,
    TransportRefused,
    open_rtsp,
    probe,
)
from stream.camera.settings import CameraSettings, Transport
from stream.camera.source import CameraSource
from stream.errors import SourceError
from stream.status import SourceState
from tests.stream.peers.cameras import GstCamera
from tests.stream.peers.listening import listening
from tests.stream.watching import watching


@pytest.mark.parametrize(
    ("path", "reason"),
    [("/other", "It has no stream at this path."), ("", "It has no stream at this path.")],
)
def test_a_path_that_does_not_exist_is_the_reason(path: str, reason: str) -> None:
    with GstCamera() as camera:
        url = camera.url.replace("/cam", path)
        with watching(CameraSource(url)) as watch:
            watch.wait_for(SourceState.FAILED)
            assert watch.reason == reason


def test_a_host_that_accepts_and_hangs_is_given_up_in_seconds() -> None:
    with listening() as port, watching(CameraSource(f"rtsp://127.0.0.1:{port}/")) as watch:
        assert watch.wait_for(SourceState.FAILED) < 6
        assert watch.reason == "It accepts the connection, but does not answer."


def test_a_server_that_speaks_no_rtsp_is_the_reason() -> None:
    with (
        listening(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port,
        watching(CameraSource(f"rtsp://127.0.0.1:{port}/")) as watch,
    ):
        watch.wait_for(SourceState.FAILED)
        assert watch.reason == "It does not speak RTSP."


def test_a_redirect_elsewhere_is_not_followed() -> None:
    redirect = b"RTSP/1.0 302 Found\r\nCSeq: 1\r\nLocation: rtsp://10.0.0.1/\r\n\r\n"
    with (
        listening(redirect) as port,
        watching(CameraSource(f"rtsp://127.0.0.1:{port}/")) as watch,
    ):
        watch.wait_for(SourceState.FAILED)
        assert watch.reason.startswith("It redirects elsewhere")


def probe_at(port: int) -> None:
    rules = AddressRules()
    probe(parse_address(f"rtsp://127.0.0.1:{port}/cam", rules), Dialer(rules))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "it does not speak RTSP"),
        (b"RTSP/1.0 200 OK\r\n" + b"x" * MAX_ANSWER_BYTES, "it does not speak RTSP"),
        (b"RTSP/1.0 301 Moved\r\n\r\n", "it redirects elsewhere; use the address it redirects to"),
    ],
)
def test_an_answer_that_is_none_is_the_reason(answer: bytes, reason: str) -> None:
    with listening(answer) as port, pytest.raises(SourceError, match=f"^{reason}$"):
        probe_at(port)


@pytest.mark.parametrize(
    "answer",
    [
        b"RTSP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nv=0\n",
        b"RTSP/1.0 401 Unauthorized\r\n\r\n",  # FFmpeg knows the password, the probe does not
        b"RTSP/1.0 404 Not Found\r\n\r\n",
        b"RTSP/1.0 nonsense\r\n\r\n",
    ],
)
def test_any_other_answer_shows_that_the_camera_is_there(answer: bytes) -> None:
    with listening(answer) as port:
        probe_at(port)


def test_a_reason_is_known_for_every_refusal_that_ffmpeg_names() -> None:
    assert REASONS.keys() >= {"HTTPUnauthorizedError", "HTTPForbiddenError", "HTTPNotFoundError"}
    assert REASONS.keys().isdisjoint(NO_SUCH_TRANSPORT)
    for name in (*REASONS, *NO_SUCH_TRANSPORT):
        if name not in ("TimeoutError", "ConnectionRefusedError"):
            assert issubclass(getattr(av.error, name), av.FFmpegError)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("HTTPUnauthorizedError", "it refuses the user name or password"),
        ("HTTPNotFoundError", "it has no stream at this path"),
        ("ExitError", "it does not answer"),
        ("HTTPServerError", "it cannot be opened"),
    ],
)
def test_a_refusal_is_reported_without_the_password(
    monkeypatch: pytest.MonkeyPatch, name: str, sentence: str
) -> None:
    def refuse(url: str, *_: object) -> None:
        assert "s3cret" in url
        raise SourceError("it cannot be opened") from getattr(av.error, name)(1, url)

    monkeypatch.setattr("stream.camera.rtsp.open_container", refuse)
    rules = AddressRules()
    with listening(b"RTSP/1.0 401 Unauthorized\r\n\r\n") as port:
        address = parse_address(f"rtsp://operator:s3cret@127.0.0.1:{port}/cam", rules)
        with pytest.raises(SourceError) as refused:
            open_rtsp(address, Dialer(rules), CameraSettings())
    assert str(refused.value) == sentence


def test_udp_is_tried_where_tcp_is_refused_unless_a_transport_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    transports: list[str] = []

    def refuse(url: str, _kind: str, options: dict[str, str]) -> None:
        transports.append(options["rtsp_transport"])
        raise SourceError("it cannot be opened") from av.error.HTTPBadRequestError(1, url)

    monkeypatch.setattr("stream.camera.rtsp.open_container", refuse)
    rules = AddressRules()
    cases: dict[Transport | Literal["auto"], list[str]] = {
        "auto": ["tcp", "udp"],
        "tcp": ["tcp"],
        "udp": ["udp"],
    }
    for transport, tried in cases.items():
        transports.clear()
        settings = CameraSettings(transport=transport)
        with listening(b"RTSP/1.0 200 OK\r\n\r\n") as port:
            address = parse_address(f"rtsp://127.0.0.1:{port}/cam", rules)
            with pytest.raises(TransportRefused, match=f"does not send over {tried[-1].upper()}"):
                open_rtsp(address, Dialer(rules), settings)
        assert transports == tried
