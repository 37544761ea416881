import json
from pathlib import Path

import pytest

from training.data.sources import TrainingData, is_held_out, read_rgb
from training.errors import ForbiddenData, TrainingError


def test_evaluation_photos_are_refused(tiny_data: Path) -> None:
    data = TrainingData.open(tiny_data)
    for forbidden in ("grocery/eval/Pear/0.jpg", "eval_only/dvd_covers/reference/1.jpg"):
        with pytest.raises(ForbiddenData, match="measuring only"):
            data.check(tiny_data / forbidden)


def test_left_out_cartons_are_neither_listed_nor_given(tiny_data: Path) -> None:
    data = TrainingData.open(tiny_data)
    assert "Hidden-Juice" not in data.products()
    with pytest.raises(ForbiddenData):
        data.iconic("Hidden-Juice")
    with pytest.raises(ForbiddenData):
        data.photos("Hidden-Juice")


def test_a_product_is_held_out_with_all_its_pictures_or_not_at_all() -> None:
    assert is_held_out("Tropicana-Golden-Grapefruit")
    assert not is_held_out("Alpha-Juice")
    share = sum(is_held_out(str(number)) for number in range(2000)) / 2000
    assert 0.2 < share < 0.3


def test_boxes_are_read_in_pixels(tiny_data: Path) -> None:
    labelled = TrainingData.open(tiny_data).beverages()[0]
    (box,) = labelled.boxes
    assert (box.width, box.height) == pytest.approx((0.4 * 340, 0.6 * 340))
    assert labelled.longest == 340


def test_a_wrong_folder_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"classes\.json is missing"):
        TrainingData.open(tmp_path)


def test_a_missing_part_of_the_folder_is_named(tiny_data: Path, tmp_path: Path) -> None:
    classes = tmp_path / "grocery" / "classes.json"
    classes.parent.mkdir()
    classes.write_text((tiny_data / "grocery" / "classes.json").read_text())
    with pytest.raises(TrainingError, match="clothing_cc0 is missing"):
        TrainingData.open(tmp_path).clothing()


def test_a_broken_picture_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    with pytest.raises(TrainingError, match=r"broken\.jpg"):
        read_rgb(broken, 100)


def test_a_picture_is_shrunk_to_its_longer_side(tiny_data: Path) -> None:
    image = read_rgb(tiny_data / "boofcv_photos" / "wall.jpg", 80)
    assert image.shape == (60, 80, 3)


@pytest.mark.data
def test_the_real_left_out_cartons_never_reach_a_trainer(shared_data: Path) -> None:
    data = TrainingData.open(shared_data)
    left_out = json.loads((shared_data / "grocery" / "classes.json").read_text())
    assert not set(left_out["eval_open_left_out"]) & set(data.products())
    held_out = [name for name in data.products() if is_held_out(name) and name in data.cartons]
    assert len(held_out) == 4
