from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tests.matcher.prints import clutter
from training.augment.clip_of_photo import ClipLength, film_photo

PHOTO = clutter(3, 120, 90)


def filmed(seed: int) -> list[NDArray[np.uint8]]:
    return list(film_photo(PHOTO, np.random.default_rng(seed), ClipLength(1.0, 10.0)))


def test_a_clip_has_the_photo_s_size_and_the_length_that_it_shall_have() -> None:
    frames = filmed(1)
    assert len(frames) == 10
    assert {frame.shape for frame in frames} == {PHOTO.shape}
    assert {frame.dtype for frame in frames} == {np.dtype(np.uint8)}
    assert ClipLength(0.01, 10.0).frame_count == 1


def test_the_same_seed_gives_the_same_clip_and_another_seed_another_one() -> None:
    for first, second in zip(filmed(1), filmed(1), strict=True):
        np.testing.assert_array_equal(first, second)
    assert any((first != second).any() for first, second in zip(filmed(1), filmed(2), strict=True))


def test_every_frame_is_another_one_and_stays_like_its_neighbour() -> None:
    for seed in range(8):
        frames = filmed(seed)
        for frame, following in pairwise(frames):
            assert (frame != following).any(), "noise is never the same twice"
            correlation = np.corrcoef(frame.ravel(), following.ravel())[0, 1]
            assert correlation > 0.5


def test_frames_are_drawn_when_they_are_needed() -> None:
    hours = film_photo(PHOTO, np.random.default_rng(0), ClipLength(36.0, 100.0))
    assert next(hours).shape == PHOTO.shape
