"""Bodies of web cameras as they are: their bytes decide, in every dialect and under every name."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stream.camera.source import CameraSource
from stream.camera.web.body import MOTION_JPEG, kind_of
from stream.status import SourceState
from tests.stream.clips import write_clip
from tests.stream.peers.cameras import access_units, moving_bar
from tests.stream.peers.odd_web import OddPage, OddWeb
from tests.stream.watching import watching

SIZE, RATE = (320, 240), 25
THUMBNAIL = b"\xff\xd8\xff\xdb\0\4ab\xff\xd9"  # in a note of a picture, which it must not end


def jpegs() -> Iterator[bytes]:
    """Pictures without end."""
    for unit, _ in access_units("mjpeg", SIZE, RATE, moving_bar):
        yield unit


def noted(picture: bytes) -> bytes:
    """The picture with a note that holds a thumbnail."""
    note = b"Exif\0\0" + THUMBNAIL
    return picture[:2] + b"\xff\xe1" + (len(note) + 2).to_bytes(2, "big") + note + picture[2:]


def plain(picture: bytes) -> bytes:
    return b"--b\r\nContent-Type: image/jpeg\r\n\r\n" + picture + b"\r\n"


def with_length(picture: bytes) -> bytes:
    return b"--b\r\nContent-Length: %d\r\n\r\n" % len(picture) + picture + b"\r\n"


# How each part is written, by what is odd about it.
DIALECTS: dict[str, Callable[[int, bytes], bytes]] = {
    "without the first boundary": lambda at, picture: plain(picture)[0 if at else 5 :],
    "without a length": lambda _, picture: plain(picture),
    "without a type": lambda _, picture: with_length(picture),
    "with a wrong length": lambda _, picture: plain(picture).replace(
        b"jpeg\r\n", b"jpeg\r\nContent-Length: 77\r\n"
    ),
    "with line feeds only": lambda _, picture: plain(b"").replace(b"\r\n", b"\n") + picture,
    "with another boundary": lambda _, picture: plain(picture).replace(b"--b", b"----other"),
    "with another type": lambda _, picture: plain(picture).replace(b"jpeg", b"jpg; q=1"),
    "with other headers": lambda _, picture: plain(picture).replace(
        b"--b\r\n", b"--b\r\nX-Timestamp: 1.5\r\nX-Note: \xff\xd8 \xe9\r\n"
    ),
    "with text between": lambda _, picture: b"--b\r\n\r\nalive\r\n" + plain(picture),
    "without anything between": lambda _, picture: picture,
    "without end markers": lambda _, picture: plain(picture[:-2]),
    "with a thumbnail": lambda _, picture: plain(noted(picture)),
    "with padding": lambda _, picture: plain(picture + b"\0" * 64),
}
KINDS = (
    "multipart/x-mixed-replace; boundary=b",
    'multipart/x-mixed-replace;boundary="--b"',
    "multipart/x-mixed-replace",
    "image/jpeg",
    "application/octet-stream",
    None,
)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_motion_jpeg_is_played(dialect: str) -> None:
    write = DIALECTS[dialect]
    page = OddPage(
        kind="multipart/x-mixed-replace; boundary=b",
        parts=lambda: (write(at, picture) for at, picture in enumerate(jpegs())),
        pause=1 / RATE,
    )
    with OddWeb({"/": page}).running() as web, watching(CameraSource(web.url("/"))) as watch:
        watch.wait_for_frames(10)
        assert watch.reason == "Pictures of 320x240 come."
        assert sorted(watch.ages)[5] < 0.2
        assert watch.source.status.corrupt == 0


@pytest.mark.parametrize("kind", KINDS)
def test_motion_jpeg_is_played_under_every_name(kind: str | None) -> None:
    page = OddPage(kind=kind, parts=lambda: map(plain, jpegs()), pause=1 / RATE)
    with OddWeb({"/": page}).running() as web, watching(CameraSource(web.url("/"))) as watch:
        watch.wait_for_frames(5)


FORMATS = {"b.ts": "mpegts", "b.flv": "flv", "b.mkv": "matroska", "b.mp4": "mp4", "b.mpg": "mpeg"}
NAMES = ("application/octet-stream", "video/mpeg", None)


@pytest.mark.parametrize("name", FORMATS)
def test_a_container_is_played_under_every_name(name: str, tmp_path: Path) -> None:
    options = {"movflags": "frag_keyframe+empty_moov"} if name == "b.mp4" else {}
    path = write_clip(
        tmp_path / name,
        times_ms=range(0, 3000, 40),
        size=SIZE,
        options={"bf": "0", "g": "25"},
        container_options=options,
    )
    data = path.read_bytes()
    assert kind_of(data[:4096]) == FORMATS[name]
    step = len(data) // 60
    for kind in NAMES:
        page = OddPage(
            kind=kind,
            parts=lambda: (data[at : at + step] for at in range(0, len(data), step)),
            pause=1 / RATE,
        )
        with OddWeb({"/": page}).running() as web, watching(CameraSource(web.url("/"))) as watch:
            watch.wait_for_frames(5)


def test_a_transport_stream_that_is_joined_in_a_packet_is_played(tmp_path: Path) -> None:
    path = write_clip(
        tmp_path / "b.ts", times_ms=range(0, 4000, 40), size=SIZE, options={"bf": "0", "g": "12"}
    )
    data = path.read_bytes()[100:]
    assert kind_of(data[:4096]) == "mpegts"
    parts = [data[at : at + 2000] for at in range(0, len(data), 2000)]
    page = OddPage(parts=lambda: iter(parts), pause=0.02)
    with OddWeb({"/": page}).running() as web, watching(CameraSource(web.url("/"))) as watch:
        watch.wait_for_frames(5)


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_a_raw_stream_is_played(codec: str) -> None:
    page = OddPage(
        kind="application/octet-stream",
        parts=lambda: (unit for unit, _ in access_units(codec, SIZE, RATE, moving_bar)),
        pause=1 / RATE,
    )
    with OddWeb({"/": page}).running() as web, watching(CameraSource(web.url("/"))) as watch:
        watch.wait_for_frames(5)


def whole(kind: str | None, body: bytes) -> OddPage:
    return OddPage(kind=kind, parts=lambda: iter([body]), has_length=True)


def redirect(place: str) -> OddPage:
    return OddPage(status=302, headers=(("Location", place),), has_length=True)


NO_STREAMS = [
    (whole("text/html", b"<html>"), "It serves text/html,"),
    (whole(None, b"junk" * 4096), "It serves something,"),
    (OddPage(), "It serves something,"),
    (whole(KINDS[0], b"x" * (5 << 20)), "It sends parts that are no JPEG"),
    (OddPage(status=453), "It does not understand the request"),
    (redirect("/"), "It redirects in a circle"),
    (redirect("http://[/"), "It "),
]


@pytest.mark.parametrize(("page", "reason"), NO_STREAMS)
def test_what_is_no_stream_is_a_sentence(page: OddPage, reason: str) -> None:
    with OddWeb({"/": page}).running() as web, watching(CameraSource(web.url("/"))) as watch:
        watch.wait_for(SourceState.FAILED)
        assert watch.reason.startswith(reason)
        assert "skulens failed" not in watch.reason


@pytest.mark.parametrize("first", [b"--b\r\n", b""])
def test_a_part_is_known_with_and_without_its_boundary(first: bytes) -> None:
    assert kind_of(first + b"Content-Type: image/jpeg\r\n\r\n") == MOTION_JPEG
