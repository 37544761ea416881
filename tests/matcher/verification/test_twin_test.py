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
    evidence = TwinTest().compare(
        reference, rival, warp_onto(reference.view, picture, shown(reference))
    )
    return None if evidence is None else (evidence.print_lead, evidence.colour_lead, evidence.share)


def lead(first: str, second: str, picture: Image) -> float:
    evidence = ask(first, second, picture)
    assert evidence is not None
    return evidence[0]


def test_the_print_that_differs_decides_between_twins() -> None:
    berry, lemon = known("berry")[0], known("lemon")[0]
    assert lead("berry", "lemon", berry) > 0.2
    assert lead("berry", "lemon", lemon) < -0.2
    assert lead("lemon", "berry", lemon) > 0.2


def test_colour_alone_decides_between_twins() -> None:
    red, green = known("red")[0], known("green")[0]
    for picture, sign in ((red, 1), (green, -1)):
        evidence = ask("red", "green", picture)
        assert evidence is not None
        assert sign * evidence[1] > 0.5
        assert 0.1 < evidence[2] <= 1


def test_only_a_part_of_the_twins_differs() -> None:
    evidence = ask("berry", "lemon", known("berry")[0])
    assert evidence is not None
    assert 0.02 < evidence[2] < 0.5


def test_a_picture_that_resembles_neither_says_nothing() -> None:
    # What is left comes from the rim of the patch, where all three look alike.
    decided = lead("berry", "lemon", known("berry")[0])
    assert abs(lead("berry", "lemon", with_patch(flat(99, 99, 90)))) < 0.3 * decided
    assert lead("berry", "lemon", flat(240, 320)) == 0.0


def test_where_the_difference_is_out_of_view_there_is_no_evidence() -> None:
    above = np.ascontiguousarray(known("berry")[0][:90])
    evidence = ask("berry", "lemon", above)
    assert evidence is not None
    assert abs(evidence[0]) < 0.05
    assert evidence[2] < 0.05


def test_strangers_are_no_twins() -> None:
    assert ask("berry", "stranger", known("berry")[0]) is None


def test_a_reference_without_keypoints_has_no_twin() -> None:
    assert ask("berry", "flat", known("berry")[0]) is None
    assert ask("flat", "berry", known("berry")[0]) is None


def test_the_same_picture_under_two_products_differs_nowhere() -> None:
    picture, reference = known("berry")
    again = reference_of(picture, "double")
    evidence = TwinTest().compare(
        reference, again, warp_onto(reference.view, picture, shown(reference))
    )
    assert evidence is not None
    assert (evidence.print_lead, evidence.colour_lead) == (0.0, 0.0)
    assert evidence.share < 0.01


def test_a_full_memory_forgets_and_answers_the_same() -> None:
    test = TwinTest(TwinTestSettings(kept=1))
    berry, lemon = known("berry")[1], known("lemon")[1]
    picture = warp_onto(berry.view, known("berry")[0], shown(berry))
    first = test.compare(berry, lemon, picture)
    test.compare(lemon, berry, warp_onto(lemon.view, known("lemon")[0], shown(lemon)))
    assert first == test.compare(berry, lemon, picture) == test.compare(berry, lemon, picture)
