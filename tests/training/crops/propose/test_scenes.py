import numpy as np
import pytest

from matcher.imaging.box import Box
from training.crops.propose.curve import choose_share
from training.crops.propose.hanging import HangingScene, draw_corners
from training.crops.propose.places import draw_front, draw_room
from training.crops.propose.scenes import SceneSampler
from training.crops.propose.stock import Stock
from training.crops.propose.target import OBJECT, PAINTING, MeantThing, TargetPicture, warp_picture
from training.crops.propose.works import Work, as_work, draw_mosaic, draw_mural

SIDE = 128


def noise(height: int, width: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)


def tiny_stock() -> Stock:
    labelled = TargetPicture(noise(90, 120), (MeantThing(Box(20, 20, 80, 70), PAINTING),))
    thing = Work(noise(40, 30), np.full((40, 30), 255, np.uint8), False)
    return Stock(
        art=(labelled,),
        pieces=(noise(50, 60),),
        bottles=(labelled,),
        things=(thing,),
        photos=(noise(100, 140),),
        clothes=(noise(60, 50),),
    )


def test_scenes_of_every_kind_have_their_things_inside() -> None:
    sampler = SceneSampler(tiny_stock(), np.random.default_rng(0))
    kinds = set()
    for _ in range(40):
        picture = sampler.draw(SIDE)
        assert picture.image.shape == (SIDE, SIDE, 3)
        for thing in picture.targets:
            kinds.add(thing.kind)
            assert thing.box == thing.box.clipped(SIDE, SIDE)
    assert kinds == {PAINTING, OBJECT}


def test_without_art_scenes_are_composed_of_the_rest() -> None:
    sampler = SceneSampler(tiny_stock().with_art(()), np.random.default_rng(0))
    assert all(sampler.draw(SIDE).image.any() for _ in range(20))


def test_a_hung_painting_has_its_corners_and_one_behind_a_visitor_is_left_out() -> None:
    rng = np.random.default_rng(0)
    scene = HangingScene(draw_room(SIDE, rng), rng)
    corners = draw_corners(np.array([64.0, 64.0]), 40, 1.0, rng)
    scene.hang(as_work(noise(40, 40)), corners, PAINTING)
    (thing,) = scene.targets()
    assert thing.corners is not None
    assert np.allclose(thing.corners, corners)
    scene.hang(as_work(noise(60, 60)), corners, OBJECT)
    assert [thing.kind for thing in scene.targets()] == [OBJECT]


def test_what_a_place_shows_is_kept_until_it_is_taken_down_or_covered() -> None:
    rng = np.random.default_rng(0)
    small = MeantThing(Box(50, 50, 70, 70), PAINTING)
    around = MeantThing(Box(30, 30, 90, 90), OBJECT)
    place = draw_room(SIDE, rng)
    place[50:70, 50:70] = (250, 10, 10)
    scene = HangingScene(place, rng)

    def shown() -> set[Box]:
        return {thing.box for thing in scene.targets()}

    scene.keep((small, around))
    assert shown() == {small.box, around.box}
    scene.take_down(small)
    assert shown() == {around.box}
    assert np.ptp(scene.image()[55:65, 55:65].mean(axis=(0, 1))) < 100
    scene.hang(as_work(noise(60, 60)), draw_corners(np.array([60.0, 60.0]), 70, 1.0, rng), OBJECT)
    assert around.box not in shown()


def test_a_mirrored_picture_keeps_its_corners_clockwise() -> None:
    corners = np.array([[20.0, 20], [80, 20], [80, 70], [20, 70]])
    picture = TargetPicture(noise(90, 120), (MeantThing(Box(20, 20, 80, 70), PAINTING, corners),))
    matrix = np.array([[-1.0, 0, 120], [0, 1, 0]])
    (thing,) = warp_picture(picture, matrix, 128, 0.5, 4).targets
    assert thing.corners is not None
    assert thing.corners.tolist() == [[40, 20], [100, 20], [100, 70], [40, 70]]


@pytest.mark.parametrize("seed", range(4))
def test_places_and_works_are_drawn_for_any_seed(seed: int) -> None:
    rng = np.random.default_rng(seed)
    assert draw_room(SIDE, rng).shape == draw_front(SIDE, rng).shape == (SIDE, SIDE, 3)
    for work in (draw_mosaic(rng), draw_mural(rng)):
        assert work.image.shape[:2] == work.mask.shape
        assert work.mask.max() == 255


def test_of_one_seed_larger_shares_hold_smaller_ones() -> None:
    few, many = choose_share(40, 0.1, 3), choose_share(40, 0.5, 3)
    assert (len(few), len(many), len(choose_share(40, 0, 3))) == (4, 20, 0)
    assert set(few) < set(many)
    assert len(choose_share(40, 0.001, 3)) == 1
