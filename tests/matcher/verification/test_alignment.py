from functools import lru_cache

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from matcher.retrieval.reference import ReferenceView
from matcher.verification.alignment import (
    AlignmentScore,
    best_correlation,
    luminance,
    score_alignment,
    warp_onto,
)
from tests.matcher.prints import Image, flat, printed, reference_of

PRODUCT = printed(4)


@lru_cache(maxsize=1)
def product_look() -> ReferenceView:
    return reference_of(PRODUCT).view


def own_size() -> NDArray[np.float64]:
    """From the product's canonical crop to its own picture."""
    look = product_look()
    factor = max(PRODUCT.shape[:2]) / (max(look.picture.shape[:2]) * look.scale)
    return np.diag([factor, factor, 1.0])


def compared(
    look: ReferenceView, picture: Image, homography: NDArray[np.float64]
) -> AlignmentScore:
    return score_alignment(look, warp_onto(look, picture, homography))


def seen(picture: Image) -> AlignmentScore:
    return compared(product_look(), picture, own_size())


@pytest.fixture(scope="module")
def itself() -> AlignmentScore:
    return seen(PRODUCT)


def lit(picture: Image, gains: tuple[float, float, float]) -> Image:
    return np.asarray(np.clip(picture * np.array(gains), 0, 255), np.uint8)


def test_a_product_agrees_with_itself(itself: AlignmentScore) -> None:
    assert itself.visible > 0.95
    assert itself.correlation > 0.8
    assert itself.chroma < 3
    assert itself.agreement > 0.8


def test_another_product_in_its_place_does_not_agree(itself: AlignmentScore) -> None:
    assert seen(printed(8)).agreement < 0.4 * itself.agreement


@pytest.mark.parametrize("gains", [(0.6, 0.6, 0.6), (0.8, 0.8, 0.8)])
def test_exposure_barely_lowers_agreement(
    gains: tuple[float, float, float], itself: AlignmentScore
) -> None:
    assert seen(lit(PRODUCT, gains)).agreement > 0.9 * itself.agreement


def test_warm_light_barely_lowers_agreement(itself: AlignmentScore) -> None:
    assert seen(lit(PRODUCT, (0.86, 0.8, 0.74))).agreement > 0.9 * itself.agreement


def test_another_colour_lowers_agreement_though_the_print_is_the_same(
    itself: AlignmentScore,
) -> None:
    dyed = np.ascontiguousarray(PRODUCT[..., ::-1])
    other = seen(dyed)
    assert other.chroma > itself.chroma + 10
    assert other.agreement < 0.75 * itself.agreement


def test_a_small_bend_of_the_packaging_barely_matters(itself: AlignmentScore) -> None:
    shift = np.array([[1, 0, 2], [0, 1, 2]], np.float32)
    moved = cv2.warpAffine(PRODUCT, shift, (240, 320), borderMode=cv2.BORDER_REPLICATE)
    assert seen(moved.astype(np.uint8)).agreement > 0.85 * itself.agreement


def test_a_product_outside_the_picture_is_not_seen() -> None:
    away = own_size()
    away[0, 2] = 5000
    assert compared(product_look(), PRODUCT, away) == AlignmentScore(0.0, 0.0, 100.0)


def test_a_corner_that_looks_right_proves_little(itself: AlignmentScore) -> None:
    corner = np.ascontiguousarray(PRODUCT[:80, :60])
    part = compared(product_look(), corner, own_size())
    assert part.visible == pytest.approx(1 / 16, abs=0.04)
    assert part.correlation < 0.5 * itself.correlation


def test_a_flat_picture_agrees_with_nothing() -> None:
    assert seen(flat(240, 320)).correlation < 0.1


def test_a_flat_product_correlates_with_nothing() -> None:
    assert compared(reference_of(flat(240, 320)).view, PRODUCT, own_size()).correlation == 0.0


def test_background_of_the_reference_is_not_compared(itself: AlignmentScore) -> None:
    look = product_look()
    upper = look.mask.copy()
    upper[upper.shape[0] // 2 :] = False
    half = ReferenceView(look.picture, upper, look.scale)
    spoilt = PRODUCT.copy()
    spoilt[170:] = printed(8)[170:]
    right = compared(half, spoilt, own_size())
    assert right.correlation > 0.9 * itself.correlation
    assert compared(look, spoilt, own_size()).correlation < 0.8 * itself.correlation


def test_colour_discounts_agreement() -> None:
    assert AlignmentScore(1.0, 0.8, 0.0).agreement == pytest.approx(0.8)
    assert 0 < AlignmentScore(1.0, 0.8, 30.0).agreement < 0.5
    assert AlignmentScore(1.0, -0.5, 10.0).agreement < 0


def test_warping_says_where_the_picture_has_pixels() -> None:
    look = product_look()
    left_half = own_size()
    left_half[0, 2] = -120
    warped = warp_onto(look, PRODUCT, left_half)
    inside = warped.inside
    assert warped.picture.shape == look.picture.shape
    width = inside.shape[1]
    assert inside[:, int(0.6 * width) :].mean() > 0.95
    assert inside[:, : int(0.4 * width)].mean() == 0


@settings(max_examples=25, deadline=None)
@given(first=st.integers(0, 40), second=st.integers(0, 40), level=st.integers(0, 255))
def test_correlation_stays_between_minus_one_and_one_up_to_the_rim(
    first: int, second: int, level: int
) -> None:
    size = (60, 80)
    ours = luminance(cv2.resize(printed(first % 8), size).astype(np.uint8))
    theirs = luminance(cv2.resize(printed(second % 8), size).astype(np.uint8))
    theirs[:, :10] = level
    best = best_correlation(ours, theirs)
    assert best.shape == ours.shape
    assert np.abs(best).max() <= 1.0 + 1e-3


def test_correlation_finds_the_best_shift_of_a_few_pixels() -> None:
    grey = luminance(PRODUCT)
    shifted = np.roll(grey, (1, -3), axis=(0, 1))
    inner = np.s_[16:-16, 16:-16]
    unmoved = best_correlation(grey, grey)[inner].mean()
    assert best_correlation(grey, shifted)[inner].mean() > 0.97 * unmoved
    assert best_correlation(grey, np.roll(grey, 12, axis=1))[inner].mean() < 0.8 * unmoved
