"""Frozen pictures, stuck clocks, and scenes in which nothing moves."""

from collections.abc import Iterable

import av
import numpy as np
import pytest
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from stream.decode.freeze_detector import SAME_PICTURE, STUCK_CLOCK, FreezeDetector, FreezeSettings
from tests.stream.peers.cameras import encoder

RATE = 10
SIZE = (320, 180)
RANDOM = np.random.default_rng(7)
SCENE = np.kron(RANDOM.integers(0, 256, (9, 16, 3)), np.ones((20, 20, 1))).astype(np.uint8)


def coded(images: Iterable[NDArray[np.uint8]], **options: str) -> Iterable[VideoFrame]:
    """Pictures as they come out of a camera's encoder and our decoder."""
    encode = encoder("h264", SIZE, RATE, **options)
    decode = av.CodecContext.create("h264", "r")
    assert isinstance(decode, VideoCodecContext)
    for number, image in enumerate(images):
        frame = VideoFrame.from_ndarray(image, "rgb24").reformat(format="yuv420p")
        frame.pts = number
        for packet in encode.encode(frame):
            yield from decode.decode(packet)


def alarms(pictures: Iterable[VideoFrame], clock_stops_at: int = 10**6) -> list[str | None]:
    watch = FreezeDetector(FreezeSettings(freeze_after=5))
    return [
        watch.check(picture, number / RATE, min(number, clock_stops_at) / RATE)
        for number, picture in enumerate(pictures)
    ]


def noisy(sigma: float) -> NDArray[np.uint8]:
    return np.clip(SCENE + RANDOM.normal(0, sigma, SCENE.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("quality", ["20", "35"])
def test_the_same_picture_for_ever_is_an_alarm(quality: str) -> None:
    found = alarms(coded([SCENE] * 10 * RATE, crf=quality))
    assert found[4 * RATE] is None
    assert found[-1] == SAME_PICTURE


@pytest.mark.parametrize("sigma", [1.0, 3.0])
@pytest.mark.parametrize("quality", ["23", "33"])
def test_a_still_scene_with_a_sensor_s_noise_is_none(sigma: float, quality: str) -> None:
    found = alarms(coded((noisy(sigma) for _ in range(15 * RATE)), crf=quality))
    assert set(found) == {None}


def test_a_short_clip_that_loops_is_none() -> None:
    steps = [np.roll(SCENE, 20 * step, axis=1) for step in range(RATE)]
    assert set(alarms(coded(steps * 15))) == {None}


def test_a_clock_that_stands_still_is_an_alarm_although_the_picture_moves() -> None:
    steps = [np.roll(SCENE, step, axis=1) for step in range(10 * RATE)]
    found = alarms(coded(steps), clock_stops_at=3 * RATE)
    assert found[7 * RATE] is None
    assert found[-1] == STUCK_CLOCK


def test_movement_ends_the_alarm() -> None:
    pictures = [SCENE] * 8 * RATE + [np.roll(SCENE, 40, axis=1)] * 5
    found = alarms(coded(pictures))
    assert found[7 * RATE] == SAME_PICTURE
    assert found[-1] is None


def test_another_size_is_a_new_picture() -> None:
    watch = FreezeDetector(FreezeSettings(freeze_after=5))
    small, large = (VideoFrame(width, 32, "yuv420p") for width in (32, 64))
    assert watch.check(small, 0, 0) is None
    assert watch.check(small, 6, 6) == SAME_PICTURE
    assert watch.check(large, 7, 7) is None
