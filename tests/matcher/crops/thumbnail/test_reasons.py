from dataclasses import replace

from matcher.crops.thumbnail.reasons import Kept, explain

NOTHING = Kept(0, 0, 0, 0, 0.8, (0.9, 0.9), 0.5)


def test_an_empty_picture_has_a_reason_too() -> None:
    assert explain(NOTHING) == ("keeps 80 % of what draws the eye",)


def test_faces_come_first() -> None:
    assert explain(replace(NOTHING, whole_faces=1))[0] == "keeps the face whole"
    several = replace(NOTHING, whole_faces=2, left_out_faces=1, whole_products=1)
    assert explain(several)[:3] == (
        "keeps 2 faces whole",
        "leaves out 1 face",
        "keeps 1 product whole",
    )


def test_a_face_that_had_to_be_cut_is_owned_up_to() -> None:
    cut = replace(NOTHING, cut_faces=1)
    assert explain(cut)[0] == "cuts 1 face, as every crop of this shape that shows it would"


def test_places_are_named() -> None:
    assert explain(replace(NOTHING, middle=(0.5, 0.52)))[-1] == "subject in the middle"
    assert explain(replace(NOTHING, middle=(0.34, 0.5)))[-1] == "subject on a third"


def test_all_of_the_picture_is_called_so() -> None:
    assert explain(replace(NOTHING, area=1.0, saliency=1.0))[0] == "the whole picture"
