"""Live sources of high dynamic range, interlaced cameras, clocks that jump."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import cycle, pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import ColorTrc

from stream.camera.source import CameraSource
from stream.status import SourceState
from tests.stream.films import (
    Picture,
    base_film,
    hdr_frame,
    interlaced_frames,
    pictures_of,
    write_joined,
)
from tests.stream.peers.cameras import GstCamera
from tests.stream.peers.odd_web import OddPage, OddWeb
from tests.stream.watching import watching

pytestmark = pytest.mark.data

RATE = 12


@pytest.fixture(scope="module")
def plain() -> list[Picture]:
    return pictures_of(base_film())[36:52]


def encoded(codec: str, frames: list[VideoFrame], **options: str) -> Iterator[tuple[bytes, bool]]:
    """Access units of the frames, over and over."""
    context = av.CodecContext.create(codec, "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = (
        frames[0].width, frames[0].height, frames[0].format.name,
    )  # fmt: skip
    context.time_base, context.framerate = Fraction(1, RATE), Fraction(RATE)
    context.gop_size, context.max_b_frames = RATE, 0
    context.options = {"preset": "ultrafast", "tune": "zerolatency", **options}
    for number, frame in enumerate(cycle(frames)):
        frame.pts = number
        for packet in context.encode(frame):
            yield bytes(packet), packet.is_keyframe


def nearest(image: Picture, pictures: list[Picture]) -> float:
    """Mean levels between a picture and the likest of some."""
    return min(float(np.abs(image.astype(int) - picture).mean()) for picture in pictures)


@pytest.mark.parametrize("transfer", [ColorTrc.ARIB_STD_B67, ColorTrc.SMPTE2084])
def test_world_a_live_h265_camera_of_high_dynamic_range_has_plain_colours(
    transfer: ColorTrc, plain: list[Picture]
) -> None:
    params = (
        "log-level=none:colorprim=bt2020:colormatrix=bt2020nc:range=limited:"
        f"transfer={int(transfer)}"
    )
    frames = [hdr_frame(picture, transfer) for picture in plain]
    units = encoded("libx265", frames, **{"x265-params": params})
    with (
        GstCamera(codec="h265", rate=RATE, units=units) as camera,
        watching(CameraSource(camera.url)) as watch,
    ):
        watch.wait_for_frames(5)
        assert watch.last is not None
        assert nearest(watch.last.image, plain) < 6


@pytest.mark.parametrize("top_first", [True, False])
def test_world_an_interlaced_camera_shows_whole_pictures(
    top_first: bool, plain: list[Picture]
) -> None:
    frames = list(interlaced_frames(plain, top_first=top_first))
    params = f"{'tff' if top_first else 'bff'}=1:sliced-threads=0:slices=1"
    units = encoded("libx264", frames, **{"x264-params": params})
    with (
        GstCamera(rate=RATE, units=units) as camera,
        watching(CameraSource(camera.url)) as watch,
    ):
        watch.wait_for_frames(12)
        assert watch.last is not None
        assert nearest(watch.last.image, plain[::2]) < 6
        indices, media, *_ = zip(*watch.frames, strict=True)
        assert list(indices) == sorted(set(indices))
        assert all(a <= b for a, b in pairwise(media))


@pytest.mark.parametrize("starts", [(100, 90), (100, 4000), (5000, 4)])
def test_world_a_live_stream_goes_on_over_jumps_of_its_clock(
    starts: tuple[float, ...], tmp_path: Path
) -> None:
    data = write_joined(tmp_path / "joined.ts", base_film(), starts).read_bytes()
    step = len(data) // 150
    page = OddPage(
        kind="video/mp2t",
        parts=lambda: (data[at : at + step] for at in range(0, len(data), step)),
        pause=0.04,
    )
    web = OddWeb({"/joined.ts": page})
    with web.running(), watching(CameraSource(web.url("/joined.ts"))) as watch:
        watch.wait_for(SourceState.FAILED, 30)
        assert watch.reason == "It ended the stream."
        media = [frame[1] for frame in watch.frames]
        assert watch.mailbox.received > 140
        assert all(0 <= b - a < 1 for a, b in pairwise(media))
        assert 5 < media[-1] - media[0] < 8
