import pytest

from matcher.crops.propose.tap import TapError, check_tap, parse_tap


def test_two_numbers_are_a_point() -> None:
    assert parse_tap("120,80.5") == (120.0, 80.5)


@pytest.mark.parametrize("text", ["", "120", "1,2,3", "left,top", "nan,3", "inf,1"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(TapError, match="such as 120,80"):
        parse_tap(text)


@pytest.mark.parametrize("point", [(-1.0, 5.0), (40.0, 5.0), (5.0, 30.0)])
def test_a_point_outside_is_refused_with_the_size(point: tuple[float, float]) -> None:
    with pytest.raises(TapError, match="40 by 30 pixels"):
        check_tap(point, 40, 30)
    check_tap((39.9, 0), 40, 30)
