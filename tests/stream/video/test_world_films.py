"""Films as people have them, read as files."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.reformatter import ColorTrc

from stream.errors import SourceError
from stream.frame import Frame
from stream.video.file import FileSource
from stream.video.writer import VideoWriter
from tests.stream.clips import MakeClip, write_clip
from tests.stream.films import (
    Picture,
    base_film,
    pictures_of,
    write_hdr,
    write_interlaced,
    write_joined,
)

FIELD = base_film().parent
PLAIN_STEP = 1 / 25


@pytest.fixture(scope="module")
def plain() -> list[Picture]:
    """The pictures of the plain film."""
    return pictures_of(base_film())


def difference(frame: Frame, picture: Picture) -> float:
    """Levels of 255, mean."""
    return float(np.abs(frame.image.astype(int) - picture).mean())


@pytest.mark.data
@pytest.mark.parametrize("transfer", [ColorTrc.ARIB_STD_B67, ColorTrc.SMPTE2084])
def test_world_hlg_and_pq_films_have_the_colours_of_the_plain_copy(
    transfer: ColorTrc, plain: list[Picture], tmp_path: Path
) -> None:
    path = write_hdr(tmp_path / "hdr.mp4", plain[30:45], transfer)
    for frame, picture in zip(FileSource(path).frames(), plain[30:45], strict=True):
        assert difference(frame, picture) < 4


@pytest.mark.data
def test_world_somebody_elses_hlg_film_has_them_too(plain: list[Picture]) -> None:
    frames = FileSource(FIELD / "hdr_arib-std-b67.mp4").frames()
    assert max(difference(*pair) for pair in zip(frames, plain, strict=True)) < 7


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "codec"), [("50i.ts", "libx264"), ("50i.mpg", "mpeg2video"), ("50i.mkv", "libx264")]
)
@pytest.mark.parametrize("top_first", [True, False])
def test_world_interlaced_films_show_the_first_field_of_each_picture(
    name: str, codec: str, top_first: bool, plain: list[Picture], tmp_path: Path
) -> None:
    shown = plain[10:30]
    path = write_interlaced(tmp_path / name, shown, top_first=top_first, codec=codec)
    frames = list(FileSource(path).frames())
    assert len(frames) == len(shown) // 2
    assert all(difference(*pair) < 4 for pair in zip(frames, shown[::2], strict=True))


@pytest.mark.data
def test_world_an_interlaced_film_is_resumed_exactly_where_it_stopped() -> None:
    path = FIELD / "inter.ts"
    frames = list(FileSource(path).frames())
    assert len(frames) == 37
    for start in (1, 20, 36):
        rest = list(FileSource(path).frames(start))
        assert [frame.media_time for frame in rest] == [f.media_time for f in frames[start:]]
        assert all(
            np.array_equal(a.image, b.image) for a, b in zip(rest, frames[start:], strict=True)
        )


@pytest.mark.data
@pytest.mark.parametrize(
    "starts", [(100, 90), (100, 4000), (5000, 4), (95_440, 95_443), (10, 20_000, 15, 9)]
)
def test_world_joined_films_go_on_whichever_way_their_clock_jumps(
    starts: tuple[float, ...], tmp_path: Path
) -> None:
    path = write_joined(tmp_path / "joined.ts", base_film(), starts)
    check_pace(path, parts=len(starts))


@pytest.mark.data
def test_world_somebody_elses_joined_film_plays_and_is_written_at_its_pace(tmp_path: Path) -> None:
    path = FIELD / "joined_back.ts"
    check_pace(path, parts=2)
    source, copy = FileSource(path), tmp_path / "copy.mp4"
    assert source.duration is None
    with VideoWriter(copy, source.width, source.height, source.frame_rate) as writer:
        for frame in source.frames():
            writer.write(frame.image, frame.media_time)
    assert FileSource(copy).duration == pytest.approx(6, abs=0.1)


def check_pace(path: Path, *, parts: int) -> None:
    """All pictures come, none long after the one before."""
    source = FileSource(path)
    times = [frame.media_time for frame in source.frames()]
    assert len(times) == 75 * parts
    assert times[0] == 0
    assert all(-1e-6 <= b - a - PLAIN_STEP < 0.1 for a, b in pairwise(times))
    assert source.note is None


def test_world_a_pause_in_a_film_with_true_times_is_kept(make_clip: MakeClip) -> None:
    path = make_clip("camera.mkv", times_ms=(0, 40, 900_000, 900_040))
    times = [frame.media_time for frame in FileSource(path).frames()]
    assert times == pytest.approx([0, 0.04, 900, 900.04])


@pytest.mark.parametrize("name", ["wide.ts", "wide.mp4", "wide.mkv"])
def test_world_anamorphic_pixels_become_square(name: str, tmp_path: Path) -> None:
    path = anamorphic(tmp_path / name, Fraction(16, 11))
    source = FileSource(path)
    assert (source.width, source.height) == (1047, 576)
    assert {frame.image.shape for frame in source.frames()} == {(576, 1047, 3)}


def test_world_a_broadcast_may_change_the_shape_of_its_pixels(tmp_path: Path) -> None:
    wide = anamorphic(tmp_path / "a.ts", Fraction(16, 11))
    narrow = anamorphic(tmp_path / "b.ts", Fraction(12, 11))
    joined = tmp_path / "joined.ts"
    joined.write_bytes(wide.read_bytes() + narrow.read_bytes())
    widths = [frame.image.shape[1] for frame in FileSource(joined).frames()]
    assert (widths[0], widths[-1]) == (1047, 785)


def anamorphic(path: Path, aspect: Fraction) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 720, 576, "yuv420p"
        stream.codec_context.sample_aspect_ratio = aspect
        for level in range(0, 250, 25):
            picture = np.full((576, 720, 3), level, np.uint8)
            container.mux(stream.encode(VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode(None))
    return path


def test_world_h265_that_comes_field_by_field_has_its_full_height(tmp_path: Path) -> None:
    path = write_clip(
        tmp_path / "fields.ts", codec="libx265", size=(128, 64),
        options={"x265-params": "interlace=tff:log-level=none"},
    )  # fmt: skip
    source = FileSource(path)
    assert (source.width, source.height) == (128, 128)
    assert len(list(source.frames())) == 25


@pytest.mark.parametrize("codec", ["qtrle", "png", "prores_ks"])
def test_world_films_with_alpha_are_laid_on_white(codec: str, tmp_path: Path) -> None:
    path = tmp_path / "alpha.mov"
    image = np.zeros((48, 64, 4), np.uint8)
    image[:, :32] = (200, 40, 30, 255)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = 64, 48
        formats = {"qtrle": "argb", "png": "rgba", "prores_ks": "yuva444p10le"}
        stream.pix_fmt = formats[codec]
        frame = VideoFrame.from_ndarray(image, "rgba")
        container.mux(stream.encode(frame.reformat(format=stream.pix_fmt)))
        container.mux(stream.encode(None))
    (frame_shown,) = FileSource(path).frames()
    assert frame_shown.image[24, 56].min() >= 253
    assert np.abs(frame_shown.image[24, 8].astype(int) - (200, 40, 30)).max() < 12


def test_world_colours_that_are_not_known_are_refused_by_name(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "icc.mp4", options={"x264-params": "colormatrix=YCgCo"})
    with pytest.raises(SourceError, match=r"icc\.mp4 cannot be shown: its colours .*\(matrix 8"):
        FileSource(path)
