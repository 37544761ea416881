import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from training.augment.camera import Degradation, photograph
from training.augment.views import (
    CATALOG_POSE,
    PHOTO_POSE,
    PRODUCE_POSE,
    SHOP_POSE,
    PoseRange,
    Subject,
    draw_view,
)


def halves() -> Subject:
    """Red on the left, blue on the right."""
    image = np.zeros((80, 80, 3), np.uint8)
    image[:, :40, 0] = 255
    image[:, 40:, 2] = 255
    return Subject(image, None, Box(0, 0, 80, 80))


def redness_of_the_left(picture: NDArray[np.uint8]) -> float:
    left = picture[:, : picture.shape[1] // 2].astype(float)
    return float(left[..., 0].mean() - left[..., 2].mean())


def test_what_carries_print_is_never_seen_in_a_mirror() -> None:
    rng = np.random.default_rng(0)
    views = [
        draw_view(halves(), PHOTO_POSE, 32, rng, degradation=Degradation(0.0)) for _ in range(40)
    ]
    assert min(map(redness_of_the_left, views)) > 0


def test_produce_is_seen_from_both_sides() -> None:
    rng = np.random.default_rng(0)
    mirrored = PoseRange(tilt=0, turn=0, mirrored=True)
    views = [
        draw_view(halves(), mirrored, 32, rng, degradation=Degradation(0.0)) for _ in range(40)
    ]
    assert 10 < sum(redness_of_the_left(view) > 0 for view in views) < 30


def test_produce_is_seen_from_near_and_far() -> None:
    rng = np.random.default_rng(0)
    dotted = np.zeros((160, 160, 3), np.uint8)
    dotted[60:100, 60:100] = 255
    pile = Subject(dotted, None, Box(0, 0, 160, 160))
    near = PoseRange(tilt=0, turn=0, jitter=0, window=PRODUCE_POSE.window)
    shares = [
        draw_view(pile, near, 32, rng, degradation=Degradation(0.0)).mean() / 255 for _ in range(60)
    ]
    assert max(shares) > 2 * min(shares)
    whole = PoseRange(tilt=0, turn=0, jitter=0)
    assert (
        np.ptp(
            [
                draw_view(pile, whole, 32, rng, degradation=Degradation(0.0)).mean()
                for _ in range(10)
            ]
        )
        < 1
    )


def test_a_larger_tint_colours_more() -> None:
    grey = np.full((16, 16, 3), 120, np.uint8)

    def spread(tint: float) -> float:
        rng = np.random.default_rng(0)
        seen = [photograph(grey, rng, Degradation(0.8, tint)).mean(axis=(0, 1)) for _ in range(200)]
        return float(np.median([np.ptp(picture) for picture in seen]))

    assert spread(0.14) > 1.5 * spread(0.07)


def test_a_view_is_a_square_whatever_the_product() -> None:
    rng = np.random.default_rng(0)
    red = np.full((60, 40, 3), (220, 20, 20), np.uint8)
    card = Subject(red, np.full((60, 40), 255, np.uint8), Box(0, 0, 40, 60))
    for pose in (CATALOG_POSE, SHOP_POSE):
        seen = draw_view(card, pose, 48, rng, np.full((100, 100, 3), 128, np.uint8))
        assert seen.shape == (48, 48, 3)
        assert seen.dtype == np.uint8
