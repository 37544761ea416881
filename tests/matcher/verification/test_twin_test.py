from functools import lru_cache

import cv2
import numpy as np

from matcher.retrieval.reference import Reference
from matcher.verification.alignment import warp_onto
from matcher.verification.twin_test import TwinTest, TwinTestSettings
from tests.matcher.prints import Image, flat, printed, reference_of

PATCH = (70, 120, 170, 210)


def with_patch(patch: Image) -> Image:
    """One carton whose flavour is told by one patch."""
    left, top, right, bottom = PATCH
    carton = printed(6).copy()
    carton[top:bottom, left:right] = cv2.resize(patch, (right - left, bottom - top))
    return carton


def dyed(colour: tuple[int, int, int]) -> Image:
    carton = printed(6).copy()
    cv2.rectangle(carton, (0, 200), (240, 320), colour, -1)
    return carton


@lru_cache(maxsize=8)
def known(name: str) -> tuple[Image, Reference]:
    picture = {
        "berry": lambda: with_patch(printed(21)),
        "lemon": lambda: with_patch(printed(22)),
        "red": lambda: dyed((190, 60, 60)),
        "green": lambda: dyed((60, 150, 60)),
        "stranger": lambda: printed(9),
        "flat": lambda: flat(240, 320),
    }[name]()
    return picture, reference_of(picture, name)


def shown(reference: Reference) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    scale = 320 / max(reference.crop.width, reference.crop.height)
    return np.diag([scale, scale, 1.0])


def ask(first: str, second: str, picture: Image) -> tuple[float, float, float] | None:
    reference, rival = known(first)[1], known(second)[1]
    told = TwinTest().compare(
        reference, rival, warp_onto(reference.view, picture, shown(reference))
    )
    return None if told is None else (told.print_lead, told.colour_lead, told.share)


def lead(first: str, second: str, picture: Image) -> float:
    told = ask(first, second, picture)
    assert told is not None
    return told[0]


def test_a_twin_is_told_apart_by_the_print_that_differs() -> None:
    berry, lemon = known("berry")[0], known("lemon")[0]
    assert lead("berry", "lemon", berry) > 0.2
    assert lead("berry", "lemon", lemon) < -0.2
    assert lead("lemon", "berry", lemon) > 0.2


def test_a_twin_is_told_apart_by_colour_alone() -> None:
    red, green = known("red")[0], known("green")[0]
    for picture, sign in ((red, 1), (green, -1)):
        told = ask("red", "green", picture)
        assert told is not None
        assert sign * told[1] > 0.5
        assert 0.1 < told[2] <= 1


def test_only_a_part_of_the_twins_differs() -> None:
    told = ask("berry", "lemon", known("berry")[0])
    assert told is not None
    assert 0.02 < told[2] < 0.5


def test_a_picture_that_resembles_neither_says_nothing() -> None:
    # What is left comes from the rim of the patch, where all three look alike.
    decided = lead("berry", "lemon", known("berry")[0])
    assert abs(lead("berry", "lemon", with_patch(flat(99, 99, 90)))) < 0.3 * decided
    assert lead("berry", "lemon", flat(240, 320)) == 0.0


def test_where_the_difference_is_out_of_view_nothing_is_said() -> None:
    above = np.ascontiguousarray(known("berry")[0][:90])
    told = ask("berry", "lemon", above)
    assert told is not None
    assert abs(told[0]) < 0.05
    assert told[2] < 0.05


def test_strangers_are_no_twins() -> None:
    assert ask("berry", "stranger", known("berry")[0]) is None


def test_a_reference_without_keypoints_has_no_twin() -> None:
    assert ask("berry", "flat", known("berry")[0]) is None
    assert ask("flat", "berry", known("berry")[0]) is None


def test_the_same_picture_under_two_products_differs_nowhere() -> None:
    picture, reference = known("berry")
    again = reference_of(picture, "double")
    told = TwinTest().compare(
        reference, again, warp_onto(reference.view, picture, shown(reference))
    )
    assert told is not None
    assert (told.print_lead, told.colour_lead) == (0.0, 0.0)
    assert told.share < 0.01


def test_a_full_memory_forgets_and_answers_the_same() -> None:
    test = TwinTest(TwinTestSettings(kept=1))
    berry, lemon = known("berry")[1], known("lemon")[1]
    picture = warp_onto(berry.view, known("berry")[0], shown(berry))
    first = test.compare(berry, lemon, picture)
    test.compare(lemon, berry, warp_onto(lemon.view, known("lemon")[0], shown(lemon)))
    assert first == test.compare(berry, lemon, picture) == test.compare(berry, lemon, picture)
