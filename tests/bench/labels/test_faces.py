"""The hand-made face labels are well-formed: what a bench may rely on when it reads them."""

import json
from pathlib import Path

import pytest

FACES = Path(__file__).parents[3] / "bench" / "labels" / "faces.json"
FEWEST_PICTURES = 80
FEWEST_WITHOUT_A_FACE = 25


class LabelledPicture:
    """One record of the file, as a bench reads it."""

    def __init__(self, record: dict[str, object]) -> None:
        self.place = (str(record["path"]), record.get("frame"))
        width, height = record["size"]  # type: ignore[misc]
        self.size: tuple[int, int] = (width, height)
        self.faces: list[dict[str, object]] = record["faces"]  # type: ignore[assignment]


@pytest.fixture(scope="module")
def pictures() -> list[LabelledPicture]:
    return [LabelledPicture(record) for record in json.loads(FACES.read_text())["pictures"]]


def test_there_are_enough_pictures_with_and_without_faces(pictures: list[LabelledPicture]) -> None:
    assert len(pictures) >= FEWEST_PICTURES
    assert sum(not picture.faces for picture in pictures) >= FEWEST_WITHOUT_A_FACE


def test_no_picture_is_listed_twice(pictures: list[LabelledPicture]) -> None:
    assert len({picture.place for picture in pictures}) == len(pictures)


def test_frames_are_given_for_videos_alone(pictures: list[LabelledPicture]) -> None:
    for picture in pictures:
        path, frame = picture.place
        assert path.startswith("videos/") == isinstance(frame, int), path


def test_every_box_lies_inside_its_picture(pictures: list[LabelledPicture]) -> None:
    for picture in pictures:
        width, height = picture.size
        for face in picture.faces:
            left, top, right, bottom = face["box"]  # type: ignore[misc]
            assert 0 <= left < right <= width, picture.place
            assert 0 <= top < bottom <= height, picture.place


def test_every_face_says_whether_it_is_printed(pictures: list[LabelledPicture]) -> None:
    assert all(isinstance(face["printed"], bool) for picture in pictures for face in picture.faces)
