import numpy as np

from bench.crops.thumbnail.kept import (
    FaceCounts,
    ProductCounts,
    count_faces,
    count_products,
    legal_crop_exists,
)
from bench.crops.thumbnail.labels import FacePicture, LabelledFace
from matcher.crops.thumbnail.aspect import Aspect
from matcher.imaging.box import Box

SQUARE = Aspect.parse("1:1")
FACE = Box(10, 20, 50, 70)


def picture(*faces: Box) -> FacePicture:
    labelled = tuple(LabelledFace(face, printed=False) for face in faces)
    return FacePicture("a.jpg", np.zeros((90, 160, 3), np.uint8), labelled)


def test_a_cut_face_is_counted_where_another_crop_would_not_cut_it() -> None:
    total = {False: FaceCounts(), True: FaceCounts()}
    count_faces(total, picture(FACE), [SQUARE], [Box(35, 0, 125, 90)], [True])
    count_faces(total, picture(FACE), [SQUARE], [Box(0, 0, 90, 90)], [True])
    count_faces(total, picture(FACE), [SQUARE], [Box(35, 0, 125, 90)], [False])
    assert (total[False].judged, total[False].cut) == (2, 1)
    assert total[False].examples == ["a.jpg 1:1"]


def test_small_faces_do_not_count() -> None:
    total = {False: FaceCounts(), True: FaceCounts()}
    small = Box(30, 20, 45, 40)
    count_faces(total, picture(small), [SQUARE], [Box(35, 0, 125, 90)], [True])
    assert total[False].judged == 0


def test_a_face_as_large_as_the_picture_has_no_legal_crop() -> None:
    assert legal_crop_exists(picture(FACE), SQUARE)
    assert not legal_crop_exists(picture(Box(0, 0, 160, 90)), SQUARE)


def test_products_count_together_and_alone() -> None:
    total = ProductCounts()
    apart = [Box(0, 0, 40, 40), Box(120, 0, 160, 40)]
    count_products(total, apart, (160, 90), [SQUARE], [Box(0, 0, 90, 90)])
    assert (total.together, total.alone, total.alone_whole) == (0, 2, 1)
    near = [Box(0, 0, 40, 40), Box(30, 0, 80, 40)]
    count_products(total, near, (160, 90), [SQUARE], [Box(0, 0, 90, 90)])
    assert (total.together, total.together_whole) == (2, 2)
