"""RTSP cameras as they are: their refusals are named, they are asked once, on one connection."""

import itertools

import pytest

from stream.camera.address import AddressRules, parse_address
from stream.camera.dialer import Dialer
from stream.camera.open import open_camera
from stream.camera.reconnecting import ReconnectingSource
from stream.camera.settings import CameraSettings
from stream.camera.source import CameraSource
from stream.errors import SourceError
from stream.status import SourceState
from tests.stream.peers.odd_rtsp import OddRtsp, wait_for_farewells
from tests.stream.peers.odd_web import NONCE, REALM
from tests.stream.watching import wait_until, watching

QUOTED_REALM = REALM.replace('"', r"\"")
DIGEST = f'Digest realm="{QUOTED_REALM}", nonce="{NONCE}"'
BASIC = 'Basic realm="camera"'


def open_at(camera: OddRtsp) -> None:
    """Open a camera, and close it."""
    rules = AddressRules()
    open_camera(parse_address(camera.url, rules), Dialer(rules), CameraSettings()).close()


def test_pictures_come_over_one_connection_which_ends_with_a_farewell() -> None:
    with OddRtsp().running() as camera:
        with watching(CameraSource(camera.url)) as watch:
            watch.wait_for_frames(10)
            assert watch.reason == "Pictures of 320x240 come."
        wait_for_farewells(camera, 1)
        assert camera.connections == 1
        assert [method for method, _ in camera.heard] == [
            *("OPTIONS", "DESCRIBE", "SETUP", "PLAY", "TEARDOWN")
        ]


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_camera_without_numbers_in_its_answers_is_played(transport: str) -> None:
    camera = OddRtsp(transports=(transport,), has_numbers=False)
    with camera.running(), watching(CameraSource(camera.url)) as watch:
        watch.wait_for_frames(10)


@pytest.mark.parametrize(
    ("status", "leaves", "connections"),
    [(461, False, 1), (400, False, 1), (461, True, 2), (501, True, 2), (464, False, 1)],
)
def test_a_camera_that_refuses_tcp_is_played_over_udp(
    status: int, leaves: bool, connections: int
) -> None:
    camera = OddRtsp(
        transports=("udp",),
        transport_status=status,
        leaves_after=(status,) if leaves else (),
    )
    with camera.running(), watching(CameraSource(camera.url)) as watch:
        watch.wait_for_frames(10)
        assert camera.connections == connections


def test_a_camera_that_refuses_both_transports_says_so() -> None:
    with (
        OddRtsp(transports=()).running() as camera,
        pytest.raises(SourceError, match=r"neither over TCP nor over UDP .*\(RTSP 461 at SETUP\)$"),
    ):
        open_at(camera)


STATUSES = (302, 400, 401, 403, 404, 406, 429, 453, 454, 455, 459, 500, 503, 551, 499, 599)
HEADERS = {
    302: "Location: rtsp://10.255.0.1/cam\r\n",
    401: f"WWW-Authenticate: {DIGEST}\r\n",
}
REFUSALS = [
    (method, status)
    for method, status in itertools.product(("DESCRIBE", "SETUP", "PLAY"), STATUSES)
    if (method, status) not in (("SETUP", 400), ("SETUP", 406), ("SETUP", 551))
]


@pytest.mark.parametrize("leaves", [False, True])
def test_a_refusal_is_named_by_status_and_request(leaves: bool) -> None:
    for method, status in REFUSALS:
        camera = OddRtsp(
            statuses={method: status},
            headers={
                302: "Location: rtsp://10.255.0.1/cam\r\n",
                401: f"WWW-Authenticate: {DIGEST}\r\n",
            },
            leaves_after=(status,) if leaves and status != 401 else (),
        )
        with camera.running(), pytest.raises(SourceError) as refused:
            open_at(camera)
        assert "; " in str(refused.value)
        assert str(refused.value).endswith(f"(RTSP {status} at {method})")
        assert camera.connections == 1
        assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("status", [400, 404, 405, 454, 501, 551])
def test_a_camera_that_does_not_know_options_is_played(status: int) -> None:
    camera = OddRtsp(statuses={"OPTIONS": status})
    with camera.running(), watching(CameraSource(camera.url)) as watch:
        watch.wait_for_frames(5)


def test_a_camera_that_leaves_after_its_first_refusal_is_named_by_it() -> None:
    camera = OddRtsp(statuses={"OPTIONS": 453}, leaves_after=(453,))
    with camera.running(), pytest.raises(SourceError, match=r"\(RTSP 453 at OPTIONS\)$"):
        open_at(camera)


@pytest.mark.parametrize(
    "challenges",
    [
        (f"{DIGEST}, algorithm=SHA-256",),
        (f'{DIGEST}, algorithm=SHA-512-256, qop="auth"',),
        (f'{DIGEST}, algorithm=MD5-sess, qop="auth"',),
        (BASIC, DIGEST),
        ("Negotiate", f"{DIGEST}, algorithm=md5"),
        (f"{DIGEST}, algorithm=MD5, {DIGEST}, algorithm=SHA-256",),
    ],
)
def test_a_camera_lets_in_by_every_digest_on_one_connection(challenges: tuple[str, ...]) -> None:
    camera = OddRtsp(challenges=challenges)
    with camera.running(), watching(CameraSource(camera.url)) as watch:
        watch.wait_for_frames(5)
        assert camera.connections == 1
    assert not any(given.startswith("Basic") for _, given in camera.heard)


def test_a_password_is_not_sent_in_clear_to_a_camera_with_an_unknown_digest() -> None:
    camera = OddRtsp(challenges=(BASIC, f"{DIGEST}, algorithm=SHA3-256"))
    with camera.running(), pytest.raises(SourceError, match="not sent in clear"):
        open_at(camera)
    assert not any(given for _, given in camera.heard)


def test_a_camera_for_one_viewer_that_frees_its_place_slowly_is_opened_by_one_connection() -> None:
    camera = OddRtsp(is_for_one=True, hold=2.0, challenges=(DIGEST,))
    with camera.running():
        with watching(CameraSource(camera.url)) as watch:
            watch.wait_for_frames(5)
            assert camera.connections == 1
        with watching(ReconnectingSource(lambda: CameraSource(camera.url))) as watch:
            watch.wait_for(SourceState.RECONNECTING)
            assert "as many viewers as it can" in watch.reason
            watch.wait_for_frames(5)


def test_a_camera_that_is_slow_to_answer_is_played() -> None:
    with (
        OddRtsp(delay=1.6).running() as camera,
        watching(CameraSource(camera.url)) as watch,
    ):
        watch.wait_for_frames(5)
        assert camera.connections == 1


def test_a_camera_that_plays_and_sends_nothing_is_stopped_at_once() -> None:
    with (
        OddRtsp(is_silent=True).running() as camera,
        watching(CameraSource(camera.url)) as watch,
    ):
        wait_until(lambda: any(method == "PLAY" for method, _ in camera.heard))
        assert watch.stop() < 1.5
        wait_for_farewells(camera, 1)
