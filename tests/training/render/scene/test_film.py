"""Frames of the rendered film, and what they show."""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.training import shop
from training.render.clip import make_film
from training.render.scene import script
from training.render.scene.film import ShopFilm
from training.render.scene.truth import TrueSighting, TruthFrame


@cache
def film() -> ShopFilm:
    return make_film(shop.products(), shop.stranger(), shop.SEED, 640, 360)


@cache
def frame_at(seconds: float) -> tuple[NDArray[np.uint8], TruthFrame]:
    return film().draw(round(seconds * script.FRAME_RATE))


@cache
def sampled() -> tuple[TruthFrame, ...]:
    """The truth of every fifth frame."""
    return tuple(film().draw(index)[1] for index in range(0, film().frame_count, 5))


def sightings_of(product_id: str) -> list[TrueSighting]:
    return [
        sighting
        for frame in sampled()
        for sighting in frame.sightings
        if sighting.product_id == product_id
    ]


def test_the_film_lasts_between_20_and_25_seconds() -> None:
    assert 20 <= film().frame_count / script.FRAME_RATE <= 25


def test_one_twin_comes_without_the_other_and_one_product_is_in_no_catalog() -> None:
    seen = {sighting.product_id for frame in sampled() for sighting in frame.sightings}
    in_view = [product for product in shop.products() if product.product_id in seen]
    assert len([product for product in in_view if product.twin is not None]) == 1
    assert not any(product.twin in seen for product in in_view)
    assert seen - shop.product_ids() == {shop.stranger().product_id}
    assert len(in_view) >= 8


def test_the_twin_is_alone_in_view() -> None:
    twin = next(
        product.product_id
        for product in shop.products()
        if product.twin and sightings_of(product.product_id)
    )
    for frame in sampled():
        names = {sighting.product_id for sighting in frame.sightings}
        if twin in names:
            assert names == {twin}


def test_every_product_in_view_is_shown_large_and_whole_for_a_second() -> None:
    for product_id in {sighting.product_id for frame in sampled() for sighting in frame.sightings}:
        whole = [sighting for sighting in sightings_of(product_id) if sighting.visible >= 0.8]
        assert len(whole) >= 5, product_id
        area = max(float(cv2.contourArea(sighting.outline)) for sighting in whole)
        assert area > 0.02 * film().width * film().height, product_id


def test_a_hand_covers_a_part_of_what_it_holds() -> None:
    held = [sighting for sighting in sightings_of("lumera-orange") if sighting.visible > 0.5]
    assert held
    assert max(sighting.visible for sighting in held) < 0.97


def test_something_passes_in_front_of_a_shelved_product() -> None:
    def inside(sighting: TrueSighting) -> bool:
        low, high = sighting.outline.min(axis=0), sighting.outline.max(axis=0)
        return bool((low > 0).all() and high[0] < film().width and high[1] < film().height)

    shelved = {shelved.product_id for shelved in script.SHELF}
    covered = [
        sighting
        for frame in sampled()
        for sighting in frame.sightings
        if sighting.product_id in shelved and inside(sighting) and sighting.visible < 0.9
    ]
    assert covered


def test_outlines_lie_where_the_product_was_drawn() -> None:
    picture, frame = frame_at(19.0)
    (sighting,) = frame.sightings
    assert sighting.product_id == shop.stranger().product_id
    mask = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(sighting.outline).astype(np.int32)], 1)
    purple = (picture[..., 2] > picture[..., 1] + 40) & (picture[..., 0] > picture[..., 1] + 10)
    assert purple[mask == 1].mean() > 0.15
    assert purple[mask == 0].mean() < 0.01


def test_a_frame_is_the_same_whenever_it_is_drawn() -> None:
    picture, frame = frame_at(12.5)
    again, truth = film().draw(round(12.5 * script.FRAME_RATE))
    assert np.array_equal(picture, again)
    assert np.array_equal(frame.sightings[0].outline, truth.sightings[0].outline)


def test_the_camera_never_holds_still() -> None:
    first, second = frame_at(1.0)[1], frame_at(1.04)[1]
    before = {sighting.instance: sighting.outline.mean(axis=0) for sighting in first.sightings}
    moves = [
        float(np.linalg.norm(sighting.outline.mean(axis=0) - before[sighting.instance]))
        for sighting in second.sightings
        if sighting.instance in before
    ]
    assert min(moves) > 0.1


def test_a_glare_crosses_a_held_product() -> None:
    bright = []
    for seconds in (21.7, 22.1, 22.5, 22.8):
        picture, frame = frame_at(seconds)
        mask = np.zeros(picture.shape[:2], np.uint8)
        for sighting in frame.sightings:
            cv2.fillPoly(mask, [np.round(sighting.outline).astype(np.int32)], 1)
        bright.append(float((picture[mask == 1].min(axis=1) > 225).mean()))
    assert max(bright) > min(bright) + 0.02
