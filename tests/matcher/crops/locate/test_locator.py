import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from matcher.crops.locate import CropLocator, describe, draw_difference
from tests.matcher.crops.locate.scenes import encoded, scene

Image = NDArray[np.uint8]


def resized(image: Image, width: int, height: int) -> Image:
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def corners(left: float, top: float, right: float, bottom: float) -> NDArray[np.float64]:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)


def error(found: NDArray[np.float64] | None, true: NDArray[np.float64]) -> float:
    assert found is not None
    return float(np.linalg.norm(found - true, axis=1).max())


@pytest.mark.parametrize("quality", [20, 90])
def test_a_compressed_and_reduced_crop_is_found_to_a_fraction_of_a_pixel(quality: int) -> None:
    full = scene(1)
    crop = encoded(resized(full[60:260, 120:420], 150, 100), quality)
    found = CropLocator().locate(full, crop)
    assert (found.relation, found.crop) == ("crop", "b")
    assert error(found.outline, corners(120, 60, 420, 260)) < 1.0
    assert found.placement is not None
    assert found.placement.scale == pytest.approx(2, abs=0.01)


def test_either_order_names_the_crop() -> None:
    full = scene(2)
    crop = np.ascontiguousarray(full[40:200, 200:400])
    found = CropLocator().locate(crop, full)
    assert (found.relation, found.crop) == ("crop", "a")
    assert error(found.outline, corners(200, 40, 400, 200)) < 0.3
    assert describe(found, "part.jpg", "all.jpg") == (
        "part.jpg is a crop of all.jpg; its top-left corner lies at (200, 40)"
    )


def test_a_changed_aspect_and_other_colours_do_not_hide_a_crop() -> None:
    full = scene(3)
    part = resized(full[50:250, 100:300], 230, 180).astype(np.float32)
    crop = encoded(np.clip((part - 128) * 0.8 + 140, 0, 255).astype(np.uint8), 70)
    found = CropLocator().locate(full, crop)
    assert found.relation == "crop"
    assert error(found.outline, corners(100, 50, 300, 250)) < 0.6


def test_a_border_that_was_added_is_left_out_of_the_outline() -> None:
    full = scene(4)
    part = full[50:250, 100:300]
    crop = np.asarray(
        cv2.copyMakeBorder(part, 20, 20, 30, 30, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    ).astype(np.uint8)
    found = CropLocator().locate(full, crop)
    assert found.relation == "crop"
    assert error(found.outline, corners(100, 50, 300, 250)) < 1.0


def test_a_mirror_image_counts_only_when_allowed() -> None:
    full = scene(5)
    crop = np.ascontiguousarray(full[50:250, 100:300][:, ::-1])
    plain = CropLocator().locate(full, crop)
    assert (plain.relation, plain.mirror_found) == ("unrelated", True)
    assert "mirror" in describe(plain, "a", "b")
    for first, second, side in ((full, crop, "b"), (crop, full, "a")):
        found = CropLocator().locate(first, second, mirrored=True)
        assert (found.relation, found.crop) == ("crop", side)
        assert found.placement is not None
        assert found.placement.mirrored
        assert abs(found.placement.rotation) < 0.5
        assert error(found.outline, corners(100, 50, 300, 250)[[1, 0, 3, 2]]) < 0.5


def test_two_crops_that_do_not_contain_each_other_overlap() -> None:
    full = scene(6)
    found = CropLocator().locate(full[:240, :320], full[80:, 160:])
    assert found.relation == "overlap"
    (place,) = found.places
    assert error(place.a, corners(160, 80, 320, 240)) < 0.5
    assert error(place.b, corners(0, 0, 160, 160)) < 0.5
    assert describe(found, "left.jpg", "right.jpg").endswith(
        "the part in common lies at (160, 80), 160 x 160 pixels of left.jpg "
        "and at (0, 0), 160 x 160 pixels of right.jpg"
    )


def test_a_crop_with_a_badge_on_plain_ground_is_no_overlap() -> None:
    full = np.full((300, 300, 3), 250, np.uint8)
    full[70:230, 90:210] = scene(3, 120, 160)
    crop = np.ascontiguousarray(full[30:290])
    crop[4:50, 250:296] = (70, 250, 60)
    found = CropLocator().locate(full, encoded(crop, 60))
    assert (found.relation, found.crop) == ("crop", "b")
    assert error(found.outline, corners(0, 30, 300, 290)) < 2.0


def test_other_pictures_are_unrelated() -> None:
    found = CropLocator().locate(scene(7), scene(8)[50:250, 100:300])
    assert found.relation == "unrelated"
    assert found.probability < 0.1


def test_the_same_picture_twice_is_the_same() -> None:
    full = scene(9)
    again = CropLocator().locate(full, full)
    assert (again.relation, again.probability) == ("same", 1.0)
    smaller = CropLocator().locate(full, encoded(resized(full, 240, 160), 60))
    assert smaller.relation == "same"
    assert smaller.placement is not None
    assert smaller.placement.scale == pytest.approx(2, abs=0.02)


def test_a_tile_of_a_repeating_pattern_is_ambiguous() -> None:
    tile = scene(10)[:60, :60]
    pattern = np.tile(tile, (5, 6, 1))
    found = CropLocator().locate(pattern, np.ascontiguousarray(pattern[60:160, 75:195]))
    assert found.relation == "ambiguous"
    assert len(found.places) > 1


def test_pictures_of_one_colour_are_an_answer_and_no_error() -> None:
    blank = np.full((100, 150, 3), 200, np.uint8)
    smaller = np.full((40, 30, 3), 200, np.uint8)
    found = CropLocator().locate(blank, smaller)
    assert (found.relation, found.crop, found.both_even) == ("ambiguous", "b", True)
    assert "one colour" in describe(found, "a", "b")
    other = np.full((40, 30, 3), 150, np.uint8)
    assert CropLocator().locate(blank, other).relation == "unrelated"
    assert CropLocator().locate(scene(11), smaller).relation in ("ambiguous", "unrelated")


def test_the_difference_of_a_true_crop_is_white() -> None:
    full = scene(12)
    crop = np.ascontiguousarray(full[50:250, 100:300])
    found = CropLocator().locate(full, crop)
    drawn = draw_difference(full, crop, found)
    assert drawn is not None
    assert drawn.mean() > 245


def test_a_repeating_pattern_is_ambiguous_with_its_places() -> None:
    tile = scene(11)[:48, :48]
    full = np.tile(tile, (6, 8, 1))

    found = CropLocator().locate(full, full[50:200, 60:260].copy())

    assert (found.relation, found.crop) == ("ambiguous", "b")
    assert len(found.places) > 2


@pytest.mark.parametrize("weight", [0.12, 0.2])
def test_the_mirror_image_of_a_nearly_symmetric_part_is_no_crop(weight: float) -> None:
    one, other = scene(12).astype(np.float32), scene(13).astype(np.float32)
    symmetric = (one + one[:, ::-1]) / 2
    full = np.clip((1 - weight) * symmetric + weight * other, 0, 255).astype(np.uint8)
    width = full.shape[1]
    part = full[40:220, width // 2 - 90 : width // 2 + 90, :]

    found = CropLocator().locate(full, np.ascontiguousarray(part[:, ::-1]))

    assert (found.relation, found.mirror_found) == ("unrelated", True)
    assert found.probability < 0.5


def test_a_gradient_is_no_crop_enlarged_tenfold() -> None:
    rows, columns = np.mgrid[0:300, 0:300]
    gradient = np.stack([columns * 0.8, rows * 0.8, columns * 0.4 + rows * 0.4], axis=2)

    found = CropLocator().locate(scene(14), gradient.astype(np.uint8))

    assert found.relation == "unrelated"


@pytest.mark.parametrize("quality", [20, 75])
def test_a_part_of_a_page_that_is_empty_for_the_most_part_is_found_exactly(quality: int) -> None:
    page = np.full((640, 480, 3), 255, np.uint8)
    for line, words in enumerate(("lorem ipsum dolor", "sit amet", "consectetur elit", "sed do")):
        place = (40 + 13 * line, 120 + 90 * line)
        cv2.putText(page, words, place, 0, 0.5, (30, 30, 30), 1, cv2.LINE_AA)
    part = resized(page[80:330, 30:330], 360, 300)
    found = CropLocator().locate(page, encoded(part, quality))
    assert (found.relation, found.crop) == ("crop", "b")
    assert error(found.outline, corners(30, 80, 330, 330)) < 0.5


def test_a_smooth_crop_from_the_edge_is_no_overlap() -> None:
    rows, columns = np.mgrid[0:300, 0:400]
    waves = [128 + 60 * np.sin(columns / 90 + k) * np.cos(rows / (70 + 9 * k)) for k in range(3)]
    full = np.clip(np.stack(waves, axis=2), 0, 255).astype(np.uint8)
    crop = resized(np.ascontiguousarray(full[:150, 200:]), 120, 90)
    found = CropLocator().locate(full, encoded(crop, 50))
    assert (found.relation, found.crop) == ("crop", "b")
    assert error(found.outline, corners(200, 0, 400, 150)) < 12


@pytest.mark.parametrize("level", [0, 255])
def test_a_thin_border_after_strong_compression_is_left_out(level: int) -> None:
    full = scene(23)
    part = resized(full[50:250, 100:300], 80, 80)
    crop = cv2.copyMakeBorder(part, 4, 4, 5, 5, cv2.BORDER_CONSTANT, value=(level,) * 3)
    found = CropLocator().locate(full, encoded(np.asarray(crop, np.uint8), 50))
    assert (found.relation, found.crop) == ("crop", "b")
    assert error(found.outline, corners(100, 50, 300, 250)) < 2.0
