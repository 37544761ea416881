"""Video files as sources."""

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from stream.errors import SourceError
from stream.frame import Frame
from stream.video.file import FileSource
from tests.stream.clips import MakeClip, numbered_picture

KEY_FRAMES = {"g": "25", "bf": "2"}


def shown_numbers(frames: list[Frame]) -> list[int]:
    """The numbers that `numbered_picture` drew."""
    return [
        round(float(frame.image[:, : frame.image.shape[1] // 3].mean()) / 8) for frame in frames
    ]


def test_every_frame_comes_once_in_order_with_its_time(make_clip: MakeClip) -> None:
    source = FileSource(make_clip())
    frames = list(source.frames())
    assert [frame.index for frame in frames] == list(range(25))
    assert shown_numbers(frames) == list(range(25))
    assert [frame.media_time for frame in frames] == pytest.approx([i * 0.04 for i in range(25)])
    assert {frame.source_id for frame in frames} == {"clip.mp4"}
    assert all(frame.captured_at == frame.media_time for frame in frames)


def test_a_source_says_what_to_expect(make_clip: MakeClip) -> None:
    source = FileSource(make_clip())
    assert (source.width, source.height) == (64, 48)
    assert source.frame_rate == pytest.approx(25)
    assert source.duration == pytest.approx(1.0, abs=0.05)
    assert source.frame_count_estimate == 25
    assert source.note is None


def test_reading_twice_gives_the_same(make_clip: MakeClip) -> None:
    source = FileSource(make_clip())
    first, second = list(source.frames()), list(source.frames())
    assert len(first) == len(second) == 25
    assert all(np.array_equal(a.image, b.image) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("clip.mkv", {}),
        ("clip.ts", {}),
        ("clip.mov", {}),
        ("clip.avi", {"codec": "mpeg4"}),
        (
            "clip.webm",
            {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8"}},
        ),
        ("clip.gif", {"codec": "gif"}),
        ("clip.264", {}),
    ],
)
def test_other_containers_lose_no_frame(
    make_clip: MakeClip, name: str, options: dict[str, object]
) -> None:
    frames = list(FileSource(make_clip(name, **options)).frames())
    assert [frame.index for frame in frames] == list(range(25))
    assert frames[0].media_time == 0.0
    assert frames[-1].media_time == pytest.approx(0.96, abs=0.011)


def test_uneven_times_are_kept(make_clip: MakeClip) -> None:
    times = (0, 20, 100, 105, 900, 2500)
    frames = list(FileSource(make_clip("uneven.mkv", times_ms=times)).frames())
    assert [frame.media_time for frame in frames] == pytest.approx([t / 1000 for t in times])


@pytest.mark.parametrize(
    ("rotation", "size", "bright_corner"),
    [(90, (48, 64), "bottom left"), (-90, (48, 64), "top right"), (180, (64, 48), "bottom right")],
)
def test_rotation_metadata_is_applied(
    make_clip: MakeClip, rotation: float, size: tuple[int, int], bright_corner: str
) -> None:
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:24, :32] = 255
    path = make_clip(rotation=rotation, times_ms=(0, 40), pictures=[picture, picture])
    source = FileSource(path)
    image = next(iter(source.frames())).image
    height, width = image.shape[:2]
    assert (width, height) == (source.width, source.height) == size
    corners = {
        "top left": image[4, 4, 0],
        "top right": image[4, -4, 0],
        "bottom left": image[-4, 4, 0],
        "bottom right": image[-4, -4, 0],
    }
    assert max(corners, key=lambda name: corners[name]) == bright_corner


def test_one_frame_is_a_video(make_clip: MakeClip) -> None:
    frames = list(FileSource(make_clip(times_ms=(0,))).frames())
    assert [(frame.index, frame.media_time) for frame in frames] == [(0, 0.0)]


def test_a_single_picture_is_a_video(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    Image.fromarray(numbered_picture(3, 80, 60)).save(path)
    assert [frame.image.shape for frame in FileSource(path).frames()] == [(60, 80, 3)]


def test_a_change_of_resolution_goes_on(make_clip: MakeClip, tmp_path: Path) -> None:
    small, large = make_clip("small.ts"), make_clip("large.ts", size=(96, 80))
    joined = tmp_path / "joined.ts"
    joined.write_bytes(small.read_bytes() + large.read_bytes())
    source = FileSource(joined)
    frames = list(source.frames())
    assert {frame.image.shape for frame in frames[:25]} == {(48, 64, 3)}
    assert {frame.image.shape for frame in frames[25:]} == {(80, 96, 3)}
    assert [frame.index for frame in frames] == list(range(50))
    assert all(a.media_time <= b.media_time for a, b in pairwise(frames))


@pytest.mark.parametrize("name", ["long.mp4", "long.mkv", "long.ts", "long.avi", "long.264"])
def test_reading_goes_on_exactly_where_it_stopped(make_clip: MakeClip, name: str) -> None:
    codec = "mpeg4" if name.endswith("avi") else "libx264"
    path = make_clip(name, times_ms=range(0, 24000, 40), codec=codec, options=KEY_FRAMES)
    source = FileSource(path)
    frames = list(source.frames())
    point = source.seek_point(590)
    assert name == "long.264" or point is not None
    for start in (1, 299, 590, 599):
        rest = list(FileSource(path).frames(start, seek_point=point))
        assert [(f.index, f.media_time) for f in rest] == [
            (f.index, f.media_time) for f in frames[start:]
        ]
        assert all(
            np.array_equal(a.image, b.image) for a, b in zip(rest, frames[start:], strict=True)
        )


def test_a_seek_point_of_another_file_does_no_harm(make_clip: MakeClip) -> None:
    times = range(0, 24000, 40)
    other = FileSource(make_clip("other.ts", times_ms=times, options=KEY_FRAMES))
    list(other.frames())
    point = other.seek_point(599)
    assert point is not None
    path = make_clip("this.mkv", times_ms=[0, *range(50, 24000, 50)], options=KEY_FRAMES)
    rest = list(FileSource(path).frames(470, seek_point=point))
    assert [frame.index for frame in rest] == list(range(470, 480))
    assert rest[0].media_time == pytest.approx(23.5)


def test_starting_behind_the_end_gives_nothing(make_clip: MakeClip) -> None:
    assert list(FileSource(make_clip()).frames(25)) == []


def test_a_closed_source_ends_its_iterators(make_clip: MakeClip) -> None:
    source = FileSource(make_clip())
    frames = source.frames()
    next(frames)
    source.close()
    source.close()
    assert list(frames) == []


def test_a_file_cut_in_the_middle_gives_what_can_be_decoded_and_says_so(
    make_clip: MakeClip,
) -> None:
    path = make_clip(
        times_ms=range(0, 4000, 40),
        container_options={"movflags": "+faststart"},
        options=KEY_FRAMES,
    )
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.7)])
    source = FileSource(path)
    frames = list(source.frames())
    assert 10 < len(frames) < 100
    assert shown_numbers(frames[:20]) == list(range(20))
    assert source.truncated
    assert source.note is not None
    assert str(path) in source.note


def test_a_file_cut_before_its_first_frame_is_refused(make_clip: MakeClip) -> None:
    path = make_clip(container_options={"movflags": "+faststart"})
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"mdat") + 8])
    with pytest.raises(SourceError, match=f"no picture in .*{path.name} can be decoded"):
        FileSource(path)


def test_a_file_that_vanishes_is_an_error_not_an_end(make_clip: MakeClip) -> None:
    path = make_clip()
    source = FileSource(path)
    path.unlink()
    with pytest.raises(SourceError, match="there is no file"):
        next(source.frames())


@pytest.mark.alone
def test_memory_does_not_grow_with_length(make_clip: MakeClip) -> None:
    path = make_clip(times_ms=range(0, 40000, 40), size=(640, 360), options={"preset": "ultrafast"})
    process = psutil.Process()
    frames = FileSource(path).frames()
    for _ in range(200):
        next(frames)
    before = process.memory_info().rss
    count = sum(1 for _ in frames)
    assert count == 800
    assert process.memory_info().rss - before < 25e6  # all frames would be 550e6


@pytest.mark.data
def test_the_soda_clip_has_956_frames(shared_data: Path) -> None:
    source = FileSource(shared_data / "videos" / "soda_shelf_tiagoapolo_MIT.ts")
    times = [frame.media_time for frame in source.frames()]
    assert len(times) == 956
    assert math.isclose(times[-1], 955 * 1001 / 30000, abs_tol=0.01)
    assert source.note is None
    rest = list(source.frames(940))
    assert [frame.media_time for frame in rest] == times[940:]
