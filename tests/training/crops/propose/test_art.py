import json
from pathlib import Path

import pytest
from PIL import Image

from training.crops.propose.art import group_by_walk, read_art_split
from training.errors import TrainingError


def test_neighbouring_numbers_and_one_day_are_one_walk() -> None:
    names = ("DSC_4302.jpg", "DSC_4304.jpg", "DSC_4304~2.jpg", "DSC_4399.jpg", "20210910_1.jpg",
             "20210910_2.jpg", "poster.jpg")  # fmt: skip
    assert group_by_walk(names) == (
        ("20210910_1.jpg", "20210910_2.jpg"),
        ("DSC_4302.jpg", "DSC_4304.jpg", "DSC_4304~2.jpg"),
        ("DSC_4399.jpg",),
        ("poster.jpg",),
    )


def test_at_least_four_tenths_are_kept_and_no_walk_is_halved(tmp_path: Path) -> None:
    folder = tmp_path / "art_boxes" / "images"
    folder.mkdir(parents=True)
    names = [f"DSC_{number:04}.jpg" for number in (*range(10), 90, 200, 310, 420, 530, 640)]
    entries = {
        name: {"size": [40, 30], "boxes": [[1, 2, 20, 25], [1, 2, 21, 25]], "not_art": False}
        for name in names
    }
    for name in names:
        Image.new("RGB", (40, 30)).save(folder / name)
    (tmp_path / "art_boxes" / "boxes.json").write_text(json.dumps(entries))
    split = read_art_split(tmp_path)
    kept = {file.path.name for file in split.kept}
    assert len(kept) >= 0.4 * len(names)
    assert len(kept) + len(split.learnt) == len(names)
    assert len(kept & set(names[:10])) in {0, 10}
    assert len(split.kept[0].boxes) == 1  # the same thing boxed twice is one


def test_a_folder_without_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="is missing or broken"):
        read_art_split(tmp_path)
