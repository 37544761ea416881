"""Where the product is in a reference picture, by single kinds of evidence."""

import cv2
import numpy as np

from matcher.imaging.box import Box
from matcher.keypoints.ratio_test import NearestNeighbourMatcher
from matcher.retrieval.foreground import (
    Sibling,
    box_corners,
    locate_by_plain_background,
    locate_by_siblings,
    take_box,
    take_everything,
    take_outline,
)
from tests.matcher.prints import (
    clutter,
    flat,
    pasted,
    photographed,
    printed,
    root_sift,
    upright,
)

PLACE = upright(200, 100, 210, 280)


BOX = Box(200, 100, 410, 380)
WHOLE_PRINT = box_corners(Box(0, 0, 240, 320))


def test_nothing_on_a_plain_background_is_nothing() -> None:
    assert locate_by_plain_background(flat(640, 480, 250)) is None


def test_a_speck_on_a_plain_background_is_no_product() -> None:
    speck = flat(640, 480, 250)
    speck[100:110, 100:110] = 0
    assert locate_by_plain_background(speck) is None


def test_a_busy_background_is_not_plain() -> None:
    assert locate_by_plain_background(photographed(printed(1), PLACE)) is None


def test_no_sibling_and_a_blank_picture_locate_nothing() -> None:
    features = root_sift().extract(printed(1), 300)
    assert locate_by_siblings(features, [], NearestNeighbourMatcher()) is None
    sibling = Sibling(features, np.array([[0, 0], [9, 0], [9, 9], [0, 9]], np.float32))
    blank = root_sift().extract(flat(), 300)
    assert locate_by_siblings(blank, [sibling], NearestNeighbourMatcher()) is None


def test_a_sibling_that_agrees_all_over_gives_its_whole_outline() -> None:
    photo = root_sift().extract(photographed(printed(1), PLACE), 800)
    sibling = Sibling(root_sift().extract(printed(1), 800), WHOLE_PRINT)
    found = locate_by_siblings(photo, [sibling], NearestNeighbourMatcher())
    assert found is not None
    assert Box.around(found.outline).iou(BOX) > 0.9
    assert found.mask[100:380, 200:410].mean() > 0.95


def test_a_sibling_that_agrees_in_a_patch_keeps_what_is_near_the_patch() -> None:
    """Another pack of the brand: only the head with the brand's name is the same."""
    other = printed(2).copy()
    other[:150] = printed(1)[:150]
    photo = root_sift().extract(photographed(other, PLACE), 800)
    sibling = Sibling(root_sift().extract(printed(1), 800), WHOLE_PRINT)
    found = locate_by_siblings(photo, [sibling], NearestNeighbourMatcher())
    assert found is not None
    assert found.mask[110:200, 220:390].all()
    assert not found.mask[350:380].any()


def test_an_outline_that_no_tilt_explains_places_nothing() -> None:
    squeezed = np.ascontiguousarray(cv2.resize(printed(1), (240, 100))).astype(np.uint8)
    scene = pasted(clutter(5, 640, 480), squeezed, upright(9, 9, 600, 130))
    photo = root_sift().extract(scene, 800)
    sibling = Sibling(root_sift().extract(printed(1), 800), WHOLE_PRINT)
    assert locate_by_siblings(photo, [sibling], NearestNeighbourMatcher()) is None


def test_a_box_beyond_the_picture_is_clipped() -> None:
    taken = take_box(Box(-50, -50, 900, 900), printed(1))
    assert taken is not None
    assert taken.box == Box(0, 0, 240, 320)
    assert take_box(Box(500, 500, 600, 600), printed(1)) is None


def test_an_outline_keeps_what_lies_in_it() -> None:
    diamond = np.array([[120, 0], [239, 160], [120, 319], [0, 160]], np.float32)
    taken = take_outline(diamond, printed(1))
    assert taken is not None
    assert 0.45 < taken.mask.mean() < 0.55
    assert np.array_equal(taken.outline, diamond)
    assert take_outline(diamond + 900, printed(1)) is None


def test_everything_is_everything() -> None:
    assert take_everything(flat(100, 80)).mask.all()


def test_a_soft_background_holds_no_product_by_itself() -> None:
    assert len(root_sift().extract(clutter(5, 320, 240), 500)) < 30
