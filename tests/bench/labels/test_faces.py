"""The hand-made face labels are well-formed: what a bench may rely on when it reads them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

FACES = Path(__file__).parents[3] / "bench" / "labels" / "faces.json"
FEWEST_PICTURES = 150
FEWEST_WITHOUT_A_FACE = 25


@dataclass(frozen=True)
class LabelledPicture:
    """One record of the file, as a bench reads it: boxes in pixels of the picture."""

    path: str
    frame: int | None
    size: tuple[int, int]
    boxes: Sequence[Sequence[int]]
    printed: Sequence[bool]


@pytest.fixture(scope="module")
def pictures() -> list[LabelledPicture]:
    return [
        LabelledPicture(
            record["path"],
            record.get("frame"),
            (record["size"][0], record["size"][1]),
            [face["box"] for face in record["faces"]],
            [face["printed"] for face in record["faces"]],
        )
        for record in json.loads(FACES.read_text())["pictures"]
    ]


def test_there_are_enough_pictures_with_and_without_faces(pictures: list[LabelledPicture]) -> None:
    assert len(pictures) >= FEWEST_PICTURES
    assert sum(not picture.boxes for picture in pictures) >= FEWEST_WITHOUT_A_FACE


def test_no_picture_is_listed_twice(pictures: list[LabelledPicture]) -> None:
    assert len({(picture.path, picture.frame) for picture in pictures}) == len(pictures)


def test_frames_are_given_for_videos_alone(pictures: list[LabelledPicture]) -> None:
    for picture in pictures:
        assert picture.path.startswith("videos/") is isinstance(picture.frame, int), picture.path


def test_every_box_lies_inside_its_picture(pictures: list[LabelledPicture]) -> None:
    for picture in pictures:
        for left, top, right, bottom in picture.boxes:
            assert 0 <= left < right <= picture.size[0], picture.path
            assert 0 <= top < bottom <= picture.size[1], picture.path


def test_every_face_says_whether_it_is_printed(pictures: list[LabelledPicture]) -> None:
    assert all(isinstance(printed, bool) for picture in pictures for printed in picture.printed)
