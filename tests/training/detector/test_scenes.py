"""Composed scenes and cut windows, with their boxes."""

import numpy as np
import pytest

from matcher.imaging.box import Box
from training.augment.views import Subject
from training.data.cutouts import whole_picture
from training.data.prints import draw_family
from training.detector.scenes import SceneComposer, cut_window, make_package

RED = np.full((60, 40, 3), (220, 20, 20), np.uint8)


def red_card() -> Subject:
    return Subject(RED, whole_picture(RED).mask, Box(0, 0, 40, 60))


def blue_can() -> Subject:
    image = np.full((60, 30, 3), (20, 20, 220), np.uint8)
    return Subject(image, whole_picture(image).mask, Box(0, 0, 30, 60))


def grey_place() -> list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    return [np.full((100, 100, 3), 128, np.uint8)]


def test_the_same_seed_composes_the_same_scene() -> None:
    first, second = (
        SceneComposer([red_card()], grey_place(), np.random.default_rng(5)).scene(96)
        for _ in range(2)
    )
    assert np.array_equal(first.image, second.image)
    assert first.boxes == second.boxes


def test_boxes_lie_inside_the_picture_and_are_not_slivers() -> None:
    maker = SceneComposer([red_card()], grey_place(), np.random.default_rng(0))
    scenes = [maker.scene(96) for _ in range(40)]
    boxes = [box for scene in scenes for box in scene.boxes]
    assert len(boxes) > 40
    for box in boxes:
        assert 0 <= box.left < box.right <= 96
        assert 0 <= box.top < box.bottom <= 96
        assert min(box.width, box.height) >= 7
    assert any(not scene.boxes for scene in scenes)


def test_what_is_boxed_is_the_product() -> None:
    maker = SceneComposer([red_card()], grey_place(), np.random.default_rng(1))
    redness = []
    for _ in range(30):
        scene = maker.scene(128)
        if len(scene.boxes) == 1:
            crop = scene.boxes[0].crop(scene.image).astype(float)
            redness.append(np.median(crop[..., 0] - crop[..., 2]))
    assert np.median(redness) > 60


def test_a_product_without_a_mask_cannot_be_pasted() -> None:
    bare = Subject(RED, None, Box(0, 0, 40, 60))
    maker = SceneComposer([bare], grey_place(), np.random.default_rng(0))
    with pytest.raises(ValueError, match="mask"):
        [maker.scene(64) for _ in range(20)]


def test_boxes_follow_a_mirrored_and_scaled_window() -> None:
    image = np.full((100, 200, 3), 40, np.uint8)
    image[20:80, 30:90] = 230
    rng = np.random.default_rng(3)
    for _ in range(10):
        scene = cut_window(image, [Box(30, 20, 90, 80)], 160, rng)
        for box in scene.boxes:
            inside = box.padded(-0.2).crop(scene.image).mean()
            assert inside > scene.image.mean()


@pytest.mark.parametrize("turn", [90, 180, 270, 25.0, -140.0])
def test_boxes_follow_a_turned_window(turn: float) -> None:
    image = np.full((100, 200, 3), 40, np.uint8)
    image[20:80, 30:60] = 230
    rng = np.random.default_rng(3)
    seen = 0
    for _ in range(20):
        scene = cut_window(image, [Box(30, 20, 60, 80)], 160, rng, turn)
        for box in scene.boxes:
            seen += 1
            assert box.crop(scene.image).mean() > scene.image.mean()
            if turn in (90, 270):
                assert box.width > box.height or box.right == 160 or box.left == 0
    assert seen > 5


def test_scenes_of_drinks_show_drinks_alone_in_a_part() -> None:
    maker = SceneComposer([red_card()], grey_place(), np.random.default_rng(1), drinks=[blue_can()])
    scenes = [maker.undegraded_scene(96).image.astype(int) for _ in range(60)]
    blue = [bool(((image[..., 2] - image[..., 0]) > 90).any()) for image in scenes]
    red = [bool(((image[..., 0] - image[..., 2]) > 90).any()) for image in scenes]
    assert 0.25 < np.mean(blue) < 0.6
    assert not any(both for both in map(min, blue, red))


def test_packages_keep_their_height() -> None:
    rng = np.random.default_rng(0)
    front, other = draw_family(1, 2)
    for _ in range(8):
        package = make_package(front, other, rng)
        assert package.image.shape[0] == front.shape[0]
        assert package.mask is not None
        assert package.mask.shape == package.image.shape[:2]
