import json
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from matcher.recorded import RECORDED_IF_SET
from matcher.tracking.codec import from_record, recorded_as, to_record


class Colour(StrEnum):
    RED = "red"


@dataclass
class Inner:
    colour: Colour
    share: float


@dataclass
class Outer:
    inner: Inner
    numbers: dict[int, float]
    several: tuple[Inner, ...]
    maybe: Inner | None
    data: bytes
    points: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 2), np.float32))
    flags: list[bool] = field(default_factory=list)


def there_and_back(value: Outer) -> Outer:
    return from_record(Outer, json.loads(json.dumps(to_record(value))))


@given(st.floats(allow_nan=False), st.binary(), st.dictionaries(st.integers(), st.floats(0, 1)))
def test_nothing_is_lost_on_the_way(share: float, data: bytes, numbers: dict[int, float]) -> None:
    inner = Inner(Colour.RED, share)
    value = Outer(inner, numbers, (inner, inner), None, data)
    back = there_and_back(value)
    assert (back.inner, back.numbers, back.several) == (inner, numbers, (inner, inner))
    assert (back.maybe, back.data) == (None, data)


def test_arrays_keep_type_shape_and_bits_and_can_be_written_to() -> None:
    points = np.random.default_rng(1).random((5, 2)).astype(np.float32)
    back = there_and_back(Outer(Inner(Colour.RED, 0), {}, (), None, b"", points))
    assert back.points.dtype == np.float32
    np.testing.assert_array_equal(back.points, points)
    back.points += 1


@pytest.mark.parametrize(
    "record",
    [
        {"colour": "blue", "share": 0.5},
        {"colour": "red"},
        {"colour": "red", "share": "much"},
        {"colour": "red", "share": 0.5, "more": 1},
        ["red", 0.5],
        None,
    ],
)
def test_a_record_that_does_not_fit_is_refused(record: object) -> None:
    with pytest.raises(ValueError, match=r"Inner|blue"):
        from_record(Inner, record)


def test_what_cannot_be_written_is_refused() -> None:
    with pytest.raises(TypeError, match="object"):
        to_record(object())


@dataclass
class Renamed:
    verifications: int = field(default=0, metadata=recorded_as("looks"))


def test_a_renamed_field_keeps_its_key() -> None:
    assert to_record(Renamed(3)) == {"looks": 3}
    assert from_record(Renamed, {"looks": 3}) == Renamed(3)
    with pytest.raises(ValueError, match="Renamed"):
        from_record(Renamed, {"verifications": 3})


def test_a_field_that_is_missing_takes_its_default() -> None:
    assert from_record(Renamed, {}) == Renamed(0)


@dataclass
class Grown:
    name: str
    later: int | None = field(default=None, metadata=RECORDED_IF_SET)
    several: tuple[Colour, ...] = field(default=(), metadata=RECORDED_IF_SET)


def test_a_field_added_later_is_recorded_only_if_it_is_set() -> None:
    assert to_record(Grown("tea")) == {"name": "tea"}
    assert from_record(Grown, {"name": "tea"}) == Grown("tea")
    grown = Grown("tea", 3, (Colour.RED,))
    assert to_record(grown) == {"name": "tea", "later": 3, "several": ["red"]}
    assert from_record(Grown, to_record(grown)) == grown
