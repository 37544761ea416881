"""Cameras that answer one picture each time, and those that answer as SHOUTcast does."""

from collections.abc import Iterator
from itertools import count

import pytest

from stream.camera.source import CameraSource
from stream.camera.web.snapshots import SnapshotPictures
from stream.status import SourceState
from tests.stream.camera.web.test_world_bodies import jpegs, plain
from tests.stream.peers.odd_web import OddPage, OddWeb
from tests.stream.watching import watching

FRAMES = 4


@pytest.mark.parametrize("has_length", [True, False])
@pytest.mark.parametrize("kind", ["image/jpeg", None, "text/plain"])
def test_world_a_camera_that_answers_one_picture_is_read_again_and_again(
    has_length: bool, kind: str | None
) -> None:
    pictures = jpegs()
    page = OddPage(kind=kind, parts=lambda: iter([next(pictures)]), has_length=has_length)
    with OddWeb({"/": page}).running() as web, watching(CameraSource(web.url("/"))) as watch:
        watch.wait_for_frames(FRAMES)
        # One picture a request, so that as many requests as pictures, or one or two ahead.
        assert FRAMES <= len(web.heard) <= FRAMES + 3


def test_world_a_snapshot_camera_that_breaks_off_gives_its_reason() -> None:
    pages = {"/": OddPage(kind="image/jpeg", parts=lambda: iter([next(pictures)]), has_length=True)}
    pictures = jpegs()
    with OddWeb(pages).running() as web, watching(CameraSource(web.url("/"))) as watch:
        watch.wait_for_frames(1)
        pages["/"] = OddPage(status=404, has_length=True)
        watch.wait_for(SourceState.FAILED)
        assert watch.reason


class _One:
    """A body of one byte."""

    def __init__(self, numbers: Iterator[int]) -> None:
        self._data = bytes([next(numbers) % 256])
        self.is_closed = False

    def read(self, size: int) -> bytes:
        part, self._data = self._data[:size], self._data[size:]
        return part

    def close(self) -> None:
        self.is_closed = True


def test_world_snapshots_follow_one_another_and_end_when_they_are_closed() -> None:
    numbers = count()
    bodies = [_One(numbers)]

    def open_next() -> _One:
        bodies.append(_One(numbers))
        return bodies[-1]

    snapshots = SnapshotPictures(bodies[0], open_next)
    assert [snapshots.read(9) for _ in range(3)] == [b"\0", b"\1", b"\2"]
    snapshots.close()
    assert snapshots.read(9) == b""
    assert [body.is_closed for body in bodies] == [True, True, True]


@pytest.mark.parametrize("protocol", ["ICY", "HTTP/1.0"])
def test_world_an_answer_that_begins_as_shoutcast_does_is_read(protocol: str) -> None:
    page = OddPage(
        kind="multipart/x-mixed-replace", parts=lambda: map(plain, jpegs()), pause=0.04,
        protocol=protocol, headers=(("icy-name", "till"), ("icy-metaint", "0")),
    )  # fmt: skip
    with OddWeb({"/": page}).running() as web, watching(CameraSource(web.url("/"))) as watch:
        watch.wait_for_frames(FRAMES)


@pytest.mark.parametrize("status", [401, 403, 404, 503])
def test_world_a_refusal_that_begins_as_shoutcast_does_is_named(status: int) -> None:
    page = OddPage(status=status, protocol="ICY", has_length=True)
    with OddWeb({"/": page}).running() as web, watching(CameraSource(web.url("/"))) as watch:
        watch.wait_for(SourceState.FAILED)
        assert "not HTTP" not in watch.reason
