import math

import numpy as np
import pytest

from matcher.crops.locate import describe
from matcher.crops.locate.geometry import CropPlacement
from matcher.crops.locate.location import Location, Relation, Side
from matcher.crops.locate.pictures import size_of

PART = size_of(np.zeros((20, 40, 3), np.uint8))


def found(
    relation: Relation, degrees: float = 0.0, x: float = 7.2, *, flip: bool = False
) -> Location:
    turn = math.radians(degrees)
    matrix = np.array([[math.cos(turn), -math.sin(turn), x], [math.sin(turn), math.cos(turn), 9.6]])
    if flip:
        matrix[:, 0] *= -1
    placement = CropPlacement(matrix)
    crop: Side | None = "b" if relation == "crop" else None
    outline = placement.outline(PART)
    return Location(relation, 1.0, crop, placement, outline)


@pytest.mark.parametrize(
    ("location", "sentence"),
    [
        (found("crop"), "b is a crop of a; its top-left corner lies at (7, 10)"),
        (found("crop", x=-0.02), "b is a crop of a; its top-left corner lies at (0, 10)"),
        (found("crop", 12.34, 30), "b is a crop of a, turned by 12.3 degrees; "),
        (found("crop", 180, 60), "b is a crop of a, turned by 180 degrees; "),
        (found("crop", x=50, flip=True), "b is a mirrored crop of a; "),
        (found("same"), "a and b are the same picture"),
        (found("same", 90), "a and b are the same picture, turned by 90 degrees"),
        (found("same", flip=True), "a and b are the same picture, mirrored"),
    ],
)
def test_a_location_reads_as_people_say_it(location: Location, sentence: str) -> None:
    message = describe(location, "a", "b")
    assert message.startswith(sentence)
    assert message == sentence or sentence.endswith("; ")
