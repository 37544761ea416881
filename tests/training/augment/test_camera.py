"""Shots drawn for a picture, and taken of it one by one or in a batch."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from training.augment.camera import (
    DefocusBlur,
    Degradation,
    DistanceBlur,
    MotionBlur,
    Shot,
    apply_shot,
    draw_shot,
    photograph,
)
from training.augment.camera_gpu import apply_shots

SIDE = 64
BAD_DAY = Degradation()
PERFECT = draw_shot(Degradation(0.0), SIDE, SIDE, np.random.default_rng(0))


@pytest.fixture(scope="module")
def pictures() -> list[NDArray[np.uint8]]:
    """Twenty-four pictures of soft blobs of colour."""
    rng = np.random.default_rng(1)
    coarse = (rng.integers(0, 255, (6, 6, 3), np.uint8) for _ in range(24))
    return [
        np.asarray(cv2.resize(blobs, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), np.uint8)
        for blobs in coarse
    ]


def draw_shots(degradation: Degradation, count: int, seed: int = 0, side: int = SIDE) -> list[Shot]:
    rng = np.random.default_rng(seed)
    return [draw_shot(degradation, side, side, rng) for _ in range(count)]


def apply_in_batch(
    pictures: Sequence[NDArray[np.uint8]], shots: Sequence[Shot]
) -> NDArray[np.float32]:
    """Levels of 255."""
    images = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255
    shown = apply_shots(images, shots)
    assert shown.shape == images.shape
    assert 0 <= float(shown.min()) <= float(shown.max()) <= 1
    return np.asarray(shown.permute(0, 2, 3, 1).numpy() * 255, np.float32)


def apply_singly(
    pictures: Sequence[NDArray[np.uint8]], shots: Sequence[Shot]
) -> NDArray[np.float32]:
    """Levels of 255."""
    pairs = zip(pictures, shots, strict=True)
    return np.stack([apply_shot(picture, shot) for picture, shot in pairs]).astype(np.float32)


def test_a_shot_taken_singly_and_in_a_batch_looks_alike(
    pictures: list[NDArray[np.uint8]],
) -> None:
    shots = draw_shots(BAD_DAY, len(pictures))
    quiet = [replace(shot, noise=0.0, jpeg_quality=None) for shot in shots]
    apart = np.abs(apply_singly(pictures, quiet) - apply_in_batch(pictures, quiet))
    assert apart.mean(axis=(1, 2, 3)).max() < 2.5
    assert {type(shot.blur) for shot in quiet} == {
        DefocusBlur, MotionBlur, DistanceBlur, type(None)
    }  # fmt: skip
    assert any(shot.shadow for shot in quiet)
    assert any(shot.glare for shot in quiet)


def test_compression_is_alike_as_well(pictures: list[NDArray[np.uint8]]) -> None:
    shots = [replace(PERFECT, jpeg_quality=quality) for quality in range(30, 78, 2)]
    singly, batch = apply_singly(pictures, shots), apply_in_batch(pictures, shots)
    changed = np.abs(singly - np.stack(pictures)).mean()
    assert np.abs(singly - batch).mean() < changed


def test_noise_is_as_strong_in_both() -> None:
    grey = [np.full((SIDE, SIDE, 3), 120, np.uint8)] * 4
    shots = [replace(PERFECT, noise=8.0)] * 4
    assert apply_singly(grey, shots).std() == pytest.approx(8, rel=0.1)
    assert apply_in_batch(grey, shots).std() == pytest.approx(8, rel=0.1)


def test_a_batch_is_photographed_as_badly_as_single_pictures_are(
    pictures: list[NDArray[np.uint8]],
) -> None:
    many = pictures * 4
    before = np.stack(many).astype(np.float32)
    shots = draw_shots(Degradation(0.8), len(many))
    singly = np.abs(apply_singly(many, shots) - before).mean()
    assert np.abs(apply_in_batch(many, shots) - before).mean() == pytest.approx(singly, rel=0.1)


def test_each_picture_of_a_batch_has_its_own_shot(pictures: list[NDArray[np.uint8]]) -> None:
    bad = draw_shots(BAD_DAY, 12)
    shots = [shot for pair in zip([PERFECT] * 12, bad, strict=True) for shot in pair]
    change = np.abs(apply_in_batch(pictures, shots) - np.stack(pictures)).mean(axis=(1, 2, 3))
    assert np.median(change[::2]) < 0.25
    assert np.median(change[1::2]) > 8


def test_no_picture_gives_no_picture() -> None:
    assert apply_shots(torch.zeros(0, 3, SIDE, SIDE), []).shape == (0, 3, SIDE, SIDE)


def test_the_same_seed_takes_the_same_picture(pictures: list[NDArray[np.uint8]]) -> None:
    first, second = (photograph(pictures[0], np.random.default_rng(7), BAD_DAY) for _ in range(2))
    assert np.array_equal(first, second)


def test_one_shot_of_two_pictures_adds_the_same_noise() -> None:
    shot = replace(PERFECT, noise=6.0)
    dark, bright = (
        apply_shot(np.full((SIDE, SIDE, 3), level, np.uint8), shot).astype(int)
        for level in (80, 160)
    )
    assert np.abs((bright - 160) - (dark - 80)).max() <= 1


def test_strength_zero_changes_next_to_nothing(pictures: list[NDArray[np.uint8]]) -> None:
    shown = apply_shot(pictures[0], PERFECT).astype(int)
    assert np.abs(shown - pictures[0]).max() <= 1


@pytest.mark.parametrize("batch", [False, True])
def test_a_larger_tint_colours_grey_more(batch: bool) -> None:
    grey = [np.full((16, 16, 3), 120, np.uint8)] * 200
    take = apply_in_batch if batch else apply_singly

    def spread(tint: float) -> float:
        shown = take(grey, draw_shots(Degradation(0.8, tint), len(grey), side=16))
        return float(np.median(np.ptp(shown.mean(axis=(1, 2)), axis=1)))

    assert spread(0.14) > 1.5 * spread(0.07)


@pytest.mark.parametrize("blur", [DefocusBlur(2.4), MotionBlur(7, 0.6)])
def test_a_kernel_keeps_the_light(blur: DefocusBlur | MotionBlur) -> None:
    kernel = blur.kernel()
    assert kernel.sum() == pytest.approx(1)
    assert len(kernel) % 2 == 1


def test_a_photograph_keeps_its_shape_and_mostly_its_hue() -> None:
    rng = np.random.default_rng(0)
    card = np.full((60, 40, 3), (220, 20, 20), np.uint8)
    reds = [photograph(card, rng, Degradation()).reshape(-1, 3).mean(axis=0) for _ in range(40)]
    assert photograph(card, rng, Degradation()).shape == card.shape
    assert all(red > max(green, blue) for red, green, blue in reds)
