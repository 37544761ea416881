"""The written video."""

import resource
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import av
import numpy as np
import pytest

from stream.errors import WriterError
from stream.video.file import FileSource
from stream.video.writer import VideoWriter

COLOURS = [(200, 40, 30), (10, 200, 50), (255, 255, 255), (0, 0, 0), (30, 60, 220)]


def plain(colour: tuple[int, int, int], width: int = 64, height: int = 48) -> np.ndarray:
    return np.full((height, width, 3), colour, np.uint8)


def write_all(writer: VideoWriter, pictures: Sequence[np.ndarray]) -> None:
    with writer:
        for number, picture in enumerate(pictures):
            writer.write(picture, number / 25)


@pytest.mark.parametrize("size", [(64, 48), (63, 47), (64, 47), (1, 1), (17, 200)])
def test_what_was_written_is_read_back(tmp_path: Path, size: tuple[int, int]) -> None:
    times = [0.0, 0.04, 0.1, 0.5, 2.0]
    path = tmp_path / "out.mp4"
    with VideoWriter(path, *size, frame_rate=25) as writer:
        for colour, time in zip(COLOURS, times, strict=True):
            writer.write(plain(colour, *size), time)
    source = FileSource(path)
    frames = list(source.frames())
    assert [frame.media_time for frame in frames] == pytest.approx(times, abs=1e-4)
    assert source.duration == pytest.approx(2.04, abs=0.01)
    assert (source.width, source.height) == (size[0] + size[0] % 2, size[1] + size[1] % 2)
    for frame, colour in zip(frames, COLOURS, strict=True):
        assert np.abs(frame.image[0, 0].astype(int) - colour).max() <= 6


def test_browsers_can_play_it_while_it_loads(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with VideoWriter(path, 64, 48, 25) as writer:
        writer.write(plain(COLOURS[0]), 0.0)
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"


def test_times_that_do_not_advance_are_moved_behind_the_last(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with VideoWriter(path, 64, 48, 25) as writer:
        for time in (0.0, 0.5, 0.5, 0.3, 1.0):
            writer.write(plain(COLOURS[0]), time)
    times = [frame.media_time for frame in FileSource(path).frames()]
    assert times == pytest.approx([0.0, 0.5, 0.5, 0.5, 1.0], abs=1e-3)
    assert times == sorted(set(times))


def test_a_frame_of_another_size_is_fitted_in_on_black(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with VideoWriter(path, 128, 64, 25) as writer:
        writer.write(plain((250, 250, 250), 128, 64), 0.0)
        writer.write(plain((250, 250, 250), 50, 50), 0.04)
    image = list(FileSource(path).frames())[1].image
    assert image.shape == (64, 128, 3)
    assert image[32, 64].min() > 230
    assert image[32, 8].max() < 20


def test_nothing_has_the_name_before_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    path.write_bytes(b"older")
    with VideoWriter(path, 64, 48, 25) as writer:
        writer.write(plain(COLOURS[0]), 0.0)
        assert path.read_bytes() == b"older"
        writer.close()
        writer.close()
    assert len(list(FileSource(path).frames())) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.mp4"]


def test_a_failure_in_the_body_leaves_nothing(tmp_path: Path) -> None:
    with suppress(RuntimeError), VideoWriter(tmp_path / "out.mp4", 64, 48, 25) as writer:
        writer.write(plain(COLOURS[0]), 0.0)
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_video_without_frames_is_an_error(tmp_path: Path) -> None:
    with (
        pytest.raises(WriterError, match="there was no frame"),
        VideoWriter(tmp_path / "out.mp4", 64, 48, 25),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file of this process may grow beyond 100 kB."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("small_disk")
def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (240, 320, 3), dtype=np.uint8)
    path = tmp_path / "out.mp4"
    writer = VideoWriter(path, 320, 240, 25)
    pictures = [np.roll(noise, number, axis=0) for number in range(100)]
    with pytest.raises(WriterError, match=r"out\.mp4 cannot be written .* free some space"):
        write_all(writer, pictures)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    for path, reason in [
        (tmp_path / "missing" / "out.mp4", "no such folder"),
        (tmp_path, "is a folder"),
        (Path("/proc/out.mp4"), "cannot be written"),
    ]:
        with pytest.raises(WriterError, match=reason) as caught:
            VideoWriter(path, 64, 48, 25)
        assert str(path) in str(caught.value)


@pytest.mark.parametrize(("size", "rate"), [((0, 48), 25.0), ((64, 48), 0.0)])
def test_senseless_sizes_and_rates_are_refused(
    tmp_path: Path, size: tuple[int, int], rate: float
) -> None:
    with pytest.raises(ValueError, match="cannot write video"):
        VideoWriter(tmp_path / "out.mp4", *size, frame_rate=rate)
