"""Annotated pictures."""

import numpy as np
import pytest
from numpy.typing import NDArray

from api.drawing.annotator import COLOURS, Annotation, Annotator
from api.drawing.label import LabelRenderer, LabelText
from matcher.imaging.box import Box
from matcher.results import Verdict

NO_OUTLINE = np.zeros((0, 2), np.float32)
GREY = 90


def picture(width: int = 640, height: int = 360) -> NDArray[np.uint8]:
    return np.full((height, width, 3), GREY, np.uint8)


def annotation(
    verdict: Verdict = Verdict.IDENTICAL,
    box: Box | None = None,
    outline: NDArray[np.float32] = NO_OUTLINE,
    label: str = "Oat milk 1 l",
) -> Annotation:
    return Annotation(box or Box(200, 120, 400, 300), outline, label, 0.97, verdict, 7)


def draw(image: NDArray[np.uint8], *annotations: Annotation) -> NDArray[np.uint8]:
    return Annotator(image.shape[1], image.shape[0]).draw(image, annotations)


def has_colour(image: NDArray[np.uint8], colour: tuple[int, int, int]) -> bool:
    return bool((np.abs(image.astype(int) - colour).max(axis=2) < 12).any())


def changed(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.asarray((image != GREY).any(axis=2), np.bool_)


@pytest.mark.parametrize("verdict", list(Verdict))
def test_each_verdict_has_its_colour(verdict: Verdict) -> None:
    drawn = draw(picture(), annotation(verdict))
    assert has_colour(drawn, COLOURS[verdict])
    others = {Verdict.IDENTICAL, Verdict.SIMILAR} - {verdict}  # grey edges of text are everywhere
    assert not any(has_colour(drawn, COLOURS[other]) for other in others)


def test_the_given_picture_stays_as_it_was() -> None:
    image = picture()
    assert draw(image, annotation()) is not image
    assert not changed(image).any()


def test_nothing_to_draw_gives_the_same_picture() -> None:
    assert not changed(draw(picture())).any()


def test_an_outline_is_drawn_instead_of_the_box() -> None:
    outline = np.array([(220, 140), (380, 150), (370, 280), (210, 290)], np.float32)
    drawn = changed(draw(picture(), annotation(outline=outline)))
    assert drawn[145, 300]
    assert not drawn[295:305, 390:410].any()


def test_an_outline_that_cannot_be_drawn_gives_way_to_the_box() -> None:
    outline = np.full((4, 2), np.nan, np.float32)
    with_nan = draw(picture(), annotation(outline=outline))
    assert np.array_equal(with_nan, draw(picture(), annotation()))


def test_corners_far_outside_do_no_harm() -> None:
    outline = np.array([(-1e9, -1e9), (1e9, -50), (500, 1e9), (-30, 1e7)], np.float32)
    assert draw(picture(), annotation(outline=outline)).shape == (360, 640, 3)


def test_the_inside_of_a_product_keeps_its_colours() -> None:
    drawn = changed(draw(picture(), annotation()))
    assert not drawn[170:290, 215:385].any()


@pytest.mark.parametrize(
    "box", [Box(0, 0, 640, 360), Box(600, 330, 640, 360), Box(0, 0, 20, 20), Box(-50, -50, 700, 5)]
)
def test_labels_stay_inside_the_picture(box: Box) -> None:
    label = LabelRenderer(12).render(LabelText("Oat milk 1 l", "97%", "#7", (1, 2, 3)), 400)
    dark = draw(picture(), annotation(box=box)).max(axis=2) < GREY - 20
    assert dark.sum() > label.width * label.height / 3


def test_labels_of_neighbours_do_not_cover_each_other() -> None:
    boxes = [Box(100 + 60 * n, 150, 155 + 60 * n, 300) for n in range(6)]
    each = [changed(draw(picture(), annotation(box=box))).sum() for box in boxes]
    together = changed(draw(picture(), *(annotation(box=box) for box in boxes))).sum()
    assert together > 0.75 * sum(each)


def test_an_unknown_label_gives_way_to_a_product() -> None:
    box = Box(200, 100, 400, 250)
    crowd = [annotation(box=box) for _ in range(4)]
    with_unknown = draw(picture(), *crowd, annotation(Verdict.UNKNOWN, box))
    difference = (with_unknown != draw(picture(), *crowd)).any(axis=2)
    difference[95:105, 195:405] = difference[245:255, 195:405] = False
    difference[95:255, 195:205] = difference[95:255, 395:405] = False
    assert not difference.any()


@pytest.mark.parametrize(("width", "height"), [(640, 360), (360, 640), (3840, 2160), (16, 16)])
def test_sizes_follow_the_picture(width: int, height: int) -> None:
    image = picture(width, height)
    box = Box(width * 0.3, height * 0.4, width * 0.6, height * 0.9)
    drawn = changed(draw(image, annotation(box=box)))
    assert 0.005 < drawn.mean() < (0.3 if width > 16 else 1.1)


def test_line_breaks_and_blanks_in_names_are_harmless() -> None:
    odd = draw(picture(), annotation(label="  Oat\n\tmilk   1 l "))
    assert np.array_equal(odd, draw(picture(), annotation()))


def test_an_empty_name_is_drawn_too() -> None:
    assert changed(draw(picture(), annotation(label=""))).any()
