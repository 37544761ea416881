"""The same shelf, brand marks and twins in references of several products."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray

from catalog.encodings.background import is_at_risk, without_background
from catalog.encodings.encoding import Encoding, EnrolledPicture, OtherProduct, SharedBackground
from catalog.records.kept import KeptChoice, PictureSize
from catalog.records.product import ReferenceImage
from catalog.records.shared_cells import cells_at, pack_cells
from matcher.imaging.box import Box
from tests.matcher.prints import Image, encoder, flat, pasted, printed, upright

WIDTH, HEIGHT = 640, 480
PLACES = tuple(
    upright(*corner, 200, 260)
    for corner in ((230, 110), (190, 90), (250, 150), (210, 130), (180, 140), (260, 100))
)
BRAND = upright(60, 30, 120, 120)


@lru_cache(maxsize=1)
def shelf() -> Image:
    return printed(900, WIDTH, HEIGHT)


@lru_cache(maxsize=64)
def before_the_shelf(seed: int, place: int = -1) -> EnrolledPicture:
    """The front of that seed before the shelf, each at another place."""
    return enrolled(pasted(shelf(), printed(seed), PLACES[place if place >= 0 else seed % 6]))


def enrolled(picture: Image) -> EnrolledPicture:
    height, width = picture.shape[:2]
    return EnrolledPicture(encoder().encode(picture, ()), PictureSize(width, height))


def on_white(print_: Image) -> EnrolledPicture:
    return enrolled(pasted(flat(WIDTH, HEIGHT, 250), print_, upright(200, 100, 210, 280)))


def other(picture: EnrolledPicture, *proven: EnrolledPicture) -> OtherProduct:
    return OtherProduct(picture, lambda: proven)


def found(
    picture: EnrolledPicture,
    others: Sequence[OtherProduct],
    relatives: Sequence[EnrolledPicture] = (),
) -> SharedBackground:
    return encoder().find_background(picture, relatives, others)


def keypoints(picture: EnrolledPicture) -> NDArray[np.float64]:
    """Places of its keypoints; what is kept whole differs from its picture by size alone."""
    points = picture.encoding.local.points.astype(np.float64) / 64
    return points * np.diag(picture.encoding.crop.to_picture)[:2]


def shares(
    picture: EnrolledPicture, background: SharedBackground, place: int
) -> tuple[float, float]:
    """Shares of the keypoints that are dropped: on the product, and beside it."""
    points = keypoints(picture)
    box = Box.around(PLACES[place])
    x, y = points.T
    inside = (x > box.left + 8) & (x < box.right - 8) & (y > box.top + 8) & (y < box.bottom - 8)
    outside = (x < box.left - 8) | (x > box.right + 8)
    gone = cells_at(background.cells, points, picture.size)
    return float(gone[inside].mean()), float(gone[outside].mean())


def test_the_same_shelf_behind_six_products_is_dropped_and_the_products_stay() -> None:
    for seed in range(6):
        others = [other(before_the_shelf(stranger)) for stranger in range(6) if stranger != seed]
        background = found(before_the_shelf(seed), others)
        product, beside = shares(before_the_shelf(seed), background, seed)
        assert product < 0.15
        assert beside > 0.8
        assert background.shown_by == (0, 1, 2, 3, 4)


def test_what_one_other_product_shows_is_left_alone_but_named() -> None:
    background = found(before_the_shelf(0), [other(before_the_shelf(1))])
    assert not background.cells.any()
    assert background.shown_by == (0,)
    assert not found(before_the_shelf(0), []).cells.any()


def test_a_shelf_is_dropped_beside_a_packshot_of_the_product() -> None:
    others = [other(before_the_shelf(seed), on_white(printed(seed))) for seed in (1, 2)]
    background = found(before_the_shelf(0), others, [on_white(printed(0))])
    product, beside = shares(before_the_shelf(0), background, 0)
    assert product < 0.05
    assert beside > 0.6


def test_twins_keep_what_they_share() -> None:
    """Three flavours that differ in one word: what they share moves with each."""

    def flavour(seed: int) -> Image:
        return pasted(printed(50), printed(seed), upright(20, 230, 200, 80))

    def photo(seed: int, place: int) -> EnrolledPicture:
        return enrolled(pasted(printed(910 + seed, WIDTH, HEIGHT), flavour(seed), PLACES[place]))

    alone = [other(photo(seed, seed)) for seed in (1, 2)]
    assert not found(photo(0, 0), alone).cells.any()
    assert not found(photo(0, 0), alone, [photo(0, 3)]).cells.any()
    proven = [other(photo(seed, seed), on_white(flavour(seed))) for seed in (1, 2)]
    assert not found(photo(0, 0), proven, [on_white(flavour(0))]).cells.any()


def test_a_brand_mark_stays() -> None:
    def marked(seed: int) -> Image:
        return pasted(printed(seed), printed(70), BRAND)

    def photo(seed: int) -> EnrolledPicture:
        return enrolled(pasted(printed(910 + seed, WIDTH, HEIGHT), marked(seed), PLACES[seed]))

    others = [other(photo(seed)) for seed in (1, 2, 3)]
    assert len(found(photo(0), others).shown_by) == 3
    assert not found(photo(0), others).cells.any()
    proven = [other(photo(seed), on_white(marked(seed))) for seed in (1, 2, 3)]
    assert not found(photo(0), proven, [on_white(marked(0))]).cells.any()


def test_a_shelf_that_two_photos_of_a_product_share_is_not_taken_for_the_product() -> None:
    relatives = [before_the_shelf(0, place) for place in (1, 2)]
    for place in (3, 4, 5):
        elsewhere = printed(920 + place, WIDTH, HEIGHT)
        relatives.append(enrolled(pasted(elsewhere, printed(0), PLACES[place])))
    others = [other(before_the_shelf(seed)) for seed in (1, 2)]
    background = found(before_the_shelf(0), others, relatives)
    product, beside = shares(before_the_shelf(0), background, 0)
    assert product < 0.05
    assert beside > 0.6


def test_what_would_leave_next_to_nothing_is_not_dropped() -> None:
    empty = enrolled(shelf())
    assert not found(empty, [other(before_the_shelf(seed)) for seed in (1, 2)]).cells.any()


def test_what_is_dropped_is_neither_keypoint_nor_surface_of_the_reference() -> None:
    picture = before_the_shelf(0)
    background = found(picture, [other(before_the_shelf(seed)) for seed in (1, 2)])
    cells = pack_cells(background.cells)
    image = ReferenceImage("ab", "png", WIDTH, HEIGHT, "ab.png", "", background=cells)
    left = without_background(picture.encoding, image)
    gone = cells_at(background.cells, keypoints(picture), picture.size)
    assert len(left.local.points) == len(left.local.codes) == int((~gone).sum())
    assert left.crop.mask.mean() == pytest.approx(1 - background.cells.mean(), abs=0.02)
    chosen = replace(image, choice=KeptChoice())
    assert without_background(picture.encoding, chosen) is picture.encoding


def test_pictures_of_plain_ground_and_those_that_a_packshot_finds_are_at_no_risk() -> None:
    packshot = on_white(printed(0)).encoding

    def beside(*siblings: Encoding) -> Encoding:
        return encoder().encode(pasted(shelf(), printed(0), PLACES[0]), siblings)

    photo = before_the_shelf(0).encoding
    assert not is_at_risk(packshot, [])
    assert is_at_risk(photo, [packshot])
    assert not is_at_risk(beside(packshot), [packshot])
    assert is_at_risk(beside(photo), [photo])
