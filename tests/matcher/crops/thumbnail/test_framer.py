import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from matcher.crops.thumbnail.aspect import Aspect
from matcher.crops.thumbnail.candidates import SCALES, SMALL_SCALES, largest_window
from matcher.crops.thumbnail.faces import FoundFace
from matcher.crops.thumbnail.framer import ThumbnailFramer
from matcher.crops.thumbnail.saliency import centre_prior
from matcher.crops.thumbnail.thumbnail import PictureScene
from matcher.imaging.box import Box
from matcher.results import Detection

SQUARE = Aspect.parse("1:1")
ASPECTS = tuple(Aspect.parse(text) for text in ("1:1", "4:3", "3:4", "16:9", "9:16"))


def scene(
    width: int, height: int, faces: tuple[Box, ...] = (), products: tuple[Box, ...] = ()
) -> PictureScene:
    prior = centre_prior((48, 64))
    return PictureScene(
        width,
        height,
        prior / prior.sum(),
        tuple(FoundFace(box, 0.9) for box in faces),
        tuple(Detection(box, 0.9) for box in products),
    )


def test_the_thing_that_draws_the_eye_is_kept() -> None:
    image = np.full((120, 400, 3), 200, np.uint8)
    image[40:80, 330:370] = np.random.default_rng(0).integers(0, 255, (40, 40, 3))
    framer = ThumbnailFramer()
    best = framer.frame(framer.look(image), SQUARE).best
    assert best.box.intersection(Box(330, 40, 370, 80)) == 1600
    assert best.box.width == best.box.height


@pytest.mark.parametrize("aspect", ASPECTS, ids=lambda aspect: aspect.name)
def test_a_face_at_the_side_is_kept_whole(aspect: Aspect) -> None:
    face = Box(540, 60, 600, 140)
    best = ThumbnailFramer().frame(scene(640, 480, (face,)), aspect).best
    assert best.box.intersection(face) == face.area
    assert not best.cuts_a_face
    assert best.reasons[0] == "keeps the face whole"


def test_of_two_faces_that_do_not_fit_together_one_is_left_out_and_none_cut() -> None:
    near, far = Box(10, 100, 110, 220), Box(520, 100, 630, 240)
    best = ThumbnailFramer().frame(scene(640, 480, (near, far)), Aspect.parse("9:16")).best
    inside = [best.box.intersection(face) / face.area for face in (near, far)]
    assert sorted(inside) == [0, 1]
    assert not best.cuts_a_face


def test_a_face_larger_than_every_crop_is_cut_and_named() -> None:
    best = ThumbnailFramer().frame(scene(640, 480, (Box(0, 0, 640, 480),)), SQUARE).best
    assert best.cuts_a_face
    assert "cuts 1 face" in best.reasons[0]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 580), st.integers(0, 420), st.integers(24, 160)),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(ASPECTS),
)
def test_no_face_is_cut_where_some_crop_cuts_none(
    given_faces: list[tuple[int, int, int]], aspect: Aspect
) -> None:
    faces = tuple(
        Box(left, top, left + side, top + side).clipped(640, 480) for left, top, side in given_faces
    )
    best = ThumbnailFramer().frame(scene(640, 480, faces), aspect).best
    if best.cuts_a_face:
        assert not some_crop_cuts_none(faces, aspect)


def some_crop_cuts_none(faces: tuple[Box, ...], aspect: Aspect) -> bool:
    """Search by brute force, every other pixel."""
    largest = largest_window(640, 480, aspect.ratio)
    for scale in (*SCALES, *SMALL_SCALES):
        across, down = (round(scale * side) for side in largest)
        left, top = np.meshgrid(np.arange(0, 641 - across, 2), np.arange(0, 481 - down, 2))
        legal = np.ones(left.shape, bool)
        for face in faces:
            inside: NDArray[np.bool_] = (
                (left <= face.left)
                & (left + across >= face.right)
                & (top <= face.top)
                & (top + down >= face.bottom)
            )
            outside: NDArray[np.bool_] = (
                (left >= face.right)
                | (left + across <= face.left)
                | (top >= face.bottom)
                | (top + down <= face.top)
            )
            legal &= inside | outside
        if legal.any():
            return True
    return False


def test_a_product_is_kept_whole_where_it_fits() -> None:
    product = Box(20, 300, 160, 470)
    best = ThumbnailFramer().frame(scene(640, 480, products=(product,)), SQUARE).best
    assert best.box.intersection(product) == product.area
    assert "keeps 1 product whole" in best.reasons


def test_alternatives_differ_and_are_no_better() -> None:
    framed = ThumbnailFramer().frame(scene(640, 480, (Box(100, 100, 160, 160),)), SQUARE)
    boxes = [framed.best.box, *(crop.box for crop in framed.alternatives)]
    assert len(boxes) > 1
    for index, box in enumerate(boxes):
        assert all(box.iou(other) < 0.8 for other in boxes[:index])
    scores = [framed.best.score, *(crop.score for crop in framed.alternatives)]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (16, 16), (1000, 16), (16, 1000)])
@pytest.mark.parametrize("aspect", ASPECTS, ids=lambda aspect: aspect.name)
def test_pictures_of_one_colour_and_odd_sizes_are_framed(
    width: int, height: int, aspect: Aspect
) -> None:
    framer = ThumbnailFramer()
    image = np.full((height, width, 3), 77, np.uint8)
    best = framer.frame(framer.look(image), aspect).best
    assert best.box == best.box.clipped(width, height)
    assert best.box.area >= 1
    assert best.reasons


def test_a_picture_of_one_colour_says_that_nothing_stands_out() -> None:
    framer = ThumbnailFramer()
    best = framer.frame(framer.look(np.full((300, 400, 3), 77, np.uint8)), SQUARE).best
    assert best.reasons == ("nothing stands out",)
    assert best.box == Box(50, 0, 350, 300)


@pytest.mark.parametrize(("width", "height"), [(1, 2000), (2000, 1), (3, 900)])
def test_a_thin_strip_is_framed_and_its_shape_named(width: int, height: int) -> None:
    framer = ThumbnailFramer()
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)
    best = framer.frame(framer.look(image), SQUARE).best
    assert best.box.width == best.box.height == min(width, height)
    assert best.reasons[0] == "no crop of this shape shows more of so long a picture"


def test_the_largest_crop_is_taken_where_nothing_asks_for_a_closer_one() -> None:
    best = ThumbnailFramer().frame(scene(640, 480), Aspect.parse("16:9")).best
    assert best.box.width == 640
