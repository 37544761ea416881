"""The picture data in a size that can be carried."""

import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.training.miniature import HELD_OUT, LEFT_OUT, PRODUCE, TRAINED
from training.data.data_pack import FINENESSES, DataPack, write_data_pack
from training.data.sources import TrainingData
from training.detector.data import read_boxed_picture
from training.errors import TrainingError


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def miniature(tiny_data: Path) -> TrainingData:
    return TrainingData.open(tiny_data)


@pytest.fixture
def packed(miniature: TrainingData, tmp_path: Path) -> DataPack:
    return write_data_pack(miniature, tmp_path / "pack", 60)


def test_a_pack_is_opened_as_the_data_that_it_was_made_of(
    packed: DataPack, miniature: TrainingData
) -> None:
    opened = TrainingData.open(packed.folder)
    assert opened.products() == miniature.products()
    assert [len(opened.photos(product)) for product in opened.products()] == [2] * len(
        opened.products()
    )
    assert len(opened.clothing()) == len(miniature.clothing())
    assert opened.household().keys() == miniature.household().keys()
    assert [len(file.boxes) for file in opened.beverages()] == [1] * 12
    assert opened.paintings()[0].boxes == miniature.paintings()[0].boxes


def test_what_is_for_measuring_only_stays_behind(packed: DataPack) -> None:
    names = {part for path in packed.folder.rglob("*") for part in path.parts}
    assert names.isdisjoint({"eval", "eval_only", "videos", *LEFT_OUT})
    assert names.issuperset({*TRAINED, *HELD_OUT, *PRODUCE})


def test_licences_go_along(miniature: TrainingData, tmp_path: Path) -> None:
    licensed = shutil.copytree(miniature.root, tmp_path / "licensed")
    (licensed / "clothing_cc0" / "LICENSE").write_text("CC0")
    packed = write_data_pack(TrainingData.open(licensed), tmp_path / "pack", 60)
    assert (packed.folder / "clothing_cc0" / "LICENSE").read_text() == "CC0"


def test_the_reported_size_is_that_of_the_folder(packed: DataPack) -> None:
    assert packed.size == size_of(packed.folder)


def test_less_room_makes_pictures_coarser_and_never_more_than_the_room(
    packed: DataPack, miniature: TrainingData, tmp_path: Path
) -> None:
    room = 0.5 * packed.size / 1e6
    small = write_data_pack(miniature, tmp_path / "small", room)
    assert small.size <= 1e6 * room
    assert FINENESSES.index(small.fineness) > FINENESSES.index(packed.fineness)
    assert small.pictures == packed.pictures
    photo = TrainingData.open(small.folder).photos(TRAINED[0])[0]
    with Image.open(photo) as opened:
        assert max(opened.size) < 340


def test_boxes_lie_where_they_lay_in_the_larger_pictures(
    packed: DataPack, miniature: TrainingData, tmp_path: Path
) -> None:
    small = write_data_pack(miniature, tmp_path / "small", 0.5 * packed.size / 1e6)
    before, after = (
        read_boxed_picture(folder.beverages()[0])
        for folder in (miniature, TrainingData.open(small.folder))
    )
    scale = max(after.image.shape) / max(before.image.shape)
    assert scale < 1
    assert after.boxes[0].iou(before.boxes[0].scaled(scale)) > 0.95


def test_too_little_room_is_refused_with_what_would_do_and_nothing_is_left(
    miniature: TrainingData, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match=r"do not fit 0\.02 MB: give about"):
        write_data_pack(miniature, tmp_path / "pack", 0.02)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_exists_is_left_alone(miniature: TrainingData, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="exists"):
        write_data_pack(miniature, tmp_path, 60)
