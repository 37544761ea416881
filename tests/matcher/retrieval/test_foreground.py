"""Where the product is in a reference picture."""

import numpy as np

from matcher.imaging.box import Box
from matcher.keypoints.ratio_test import NearestNeighbourMatcher
from matcher.retrieval.foreground import (
    Sibling,
    locate_by_centre,
    locate_by_detector,
    locate_by_plain_background,
    locate_by_siblings,
    take_everything,
)
from tests.matcher.prints import (
    FixedDetector,
    Image,
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


def on_white(product: Image) -> Image:
    return pasted(flat(640, 480, 250), product, PLACE)


def test_nothing_on_a_plain_background_is_nothing() -> None:
    assert locate_by_plain_background(flat(640, 480, 250)) is None


def test_a_speck_on_a_plain_background_is_no_product() -> None:
    speck = flat(640, 480, 250)
    speck[100:110, 100:110] = 0
    assert locate_by_plain_background(speck) is None


def test_a_busy_background_is_not_plain() -> None:
    assert locate_by_plain_background(photographed(printed(1), PLACE)) is None


def test_no_detection_and_no_sibling_locate_nothing() -> None:
    features = root_sift().extract(printed(1), 300)
    assert locate_by_detector(printed(1), FixedDetector()) is None
    assert locate_by_siblings(features, [], NearestNeighbourMatcher()) is None
    sibling = Sibling(features, np.array([[0, 0], [9, 0], [9, 9], [0, 9]], np.float32))
    blank = root_sift().extract(flat(), 300)
    assert locate_by_siblings(blank, [sibling], NearestNeighbourMatcher()) is None


def test_a_box_that_the_detector_is_not_sure_of_is_ignored() -> None:
    assert locate_by_detector(printed(1), FixedDetector(((Box(9, 9, 99, 99), 0.05),))) is None


def test_a_box_beyond_the_picture_is_clipped() -> None:
    located = locate_by_detector(printed(1), FixedDetector(((Box(-50, -50, 900, 900), 0.9),)))
    assert located is not None
    assert located.box == Box(0, 0, 240, 320)


def test_the_middle_lies_inside_the_whole() -> None:
    middle = locate_by_centre(flat(100, 80))
    whole = take_everything(flat(100, 80))
    assert middle is not None
    assert whole.mask.all()
    assert 0.2 < middle.mask.mean() < 0.8


def test_a_soft_background_holds_no_product_by_itself() -> None:
    assert len(root_sift().extract(clutter(5, 320, 240), 500)) < 30
