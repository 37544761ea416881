"""The ground truth of a clip."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.training import shop
from training.render.clip import make_film
from training.render.scene.film import ShopFilm
from training.render.scene.truth import TrueSighting, Truth, TruthFrame, find_appearances


@cache
def film() -> ShopFilm:
    return make_film(shop.products(), shop.stranger(), shop.SEED, 640, 360)


@cache
def sampled() -> tuple[TruthFrame, ...]:
    """The truth of every fifth frame."""
    return tuple(film().draw(index)[1] for index in range(0, film().frame_count, 5))


def frames_with(shares: list[float]) -> tuple[TruthFrame, ...]:
    square = np.array([[0, 0], [9, 0], [9, 9], [0, 9]], np.float32)
    return tuple(
        TruthFrame(index, index / 10, (TrueSighting("tea", 1, square, share),) if share else ())
        for index, share in enumerate(shares)
    )


def test_an_appearance_lasts_from_the_first_frame_in_view_to_the_last() -> None:
    shares = [0.0, 0.1, *[0.3] * 5, *[1.0] * 12, 0.3, 0.1]
    (appearance,) = find_appearances(frames_with(shares), frozenset({"tea"}), 10)
    assert (appearance.product_id, appearance.known) == ("tea", True)
    assert (appearance.from_s, appearance.to_s) == (0.2, 1.9)


def test_a_product_that_is_never_seen_well_has_no_appearance() -> None:
    assert find_appearances(frames_with([0.5] * 40), frozenset(), 10) == ()


def test_a_product_that_comes_back_appears_twice_and_a_blink_does_not_count() -> None:
    blink = [*[1.0] * 12, *[0.0] * 5, *[1.0] * 12]
    gone = [*[1.0] * 12, *[0.0] * 15, *[1.0] * 12]
    assert len(find_appearances(frames_with(blink), frozenset(), 10)) == 1
    twice = find_appearances(frames_with(gone), frozenset(), 10)
    assert len(twice) == 2
    assert not twice[0].known


def test_an_outline_knows_what_lies_inside() -> None:
    sighting = frames_with([1.0])[0].sightings[0]
    assert sighting.covers(4, 4)
    assert not sighting.covers(12, 4)


def test_truth_survives_its_file(tmp_path: Path) -> None:
    frames = sampled()[:6]
    appearances = find_appearances(frames, shop.product_ids(), 5)
    truth = Truth(640, 360, 5.0, frames, appearances)
    truth.write(tmp_path / "truth.json")
    read = Truth.read(tmp_path / "truth.json")
    assert (read.width, read.height, read.frame_rate) == (640, 360, 5.0)
    assert read.appearances == appearances
    first, again = frames[0].sightings[0], read.frames[0].sightings[0]
    assert (first.product_id, first.instance) == (again.product_id, again.instance)
    assert np.allclose(first.outline, again.outline, atol=0.06)


def test_a_file_that_is_no_truth_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "odd.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match=r"odd\.json"):
        Truth.read(tmp_path / "odd.json")
