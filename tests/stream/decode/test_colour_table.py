"""Colours of HLG, PQ and wide gamuts on a standard screen."""

import numpy as np
import pytest
from av.video.reformatter import ColorPrimaries, ColorTrc

from stream.decode.colour_table import colour_table, compress, light_of_hlg, light_of_pq

GREY = np.ones(3)


def test_world_reference_white_is_one_in_both_systems() -> None:
    # BT.2408, table 1: 203 cd/m2 are 75 % of HLG and 58 % of PQ.
    assert light_of_hlg(GREY * 0.75) == pytest.approx(GREY, abs=0.02)
    assert light_of_pq(GREY * 0.58) == pytest.approx(GREY, abs=0.02)


def test_world_light_up_to_the_knee_is_kept_and_highlights_stay_apart() -> None:
    levels = np.array([0.0, 0.2, 0.5, 0.79, 1.0, 2.0, 4.9])
    found = compress(levels[:, None] * GREY)[:, 0]
    assert found[:4] == pytest.approx(levels[:4])
    assert np.all(np.diff(found) > 0)
    assert 0.85 < found[4] < 1
    assert found[-1] == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("transfer", [ColorTrc.ARIB_STD_B67, ColorTrc.SMPTE2084])
def test_world_greys_stay_grey(transfer: ColorTrc) -> None:
    table = colour_table(transfer, ColorPrimaries.BT2020, 9)
    assert table is not None
    diagonal = table[range(9), range(9), range(9)]
    assert np.ptp(diagonal, axis=1) == pytest.approx(0, abs=0.003)
    assert np.all(np.diff(diagonal[:, 0]) >= 0)


def test_world_undeclared_primaries_are_wide_where_the_light_is() -> None:
    declared, undeclared = (
        colour_table(ColorTrc.SMPTE2084, primaries, 5)
        for primaries in (ColorPrimaries.BT2020, ColorPrimaries.UNSPECIFIED)
    )
    assert declared is not None
    assert undeclared is not None
    assert np.array_equal(declared, undeclared)


def test_world_films_of_a_standard_screen_need_no_table() -> None:
    for primaries in (ColorPrimaries.BT709, ColorPrimaries.SMPTE170M, ColorPrimaries.UNSPECIFIED):
        for transfer in (ColorTrc.BT709, ColorTrc.UNSPECIFIED, ColorTrc.SMPTE170M):
            assert colour_table(transfer, primaries, 5) is None


@pytest.mark.parametrize("primaries", [ColorPrimaries.BT2020, ColorPrimaries.SMPTE432])
def test_world_wide_colours_become_more_vivid_numbers(primaries: ColorPrimaries) -> None:
    table = colour_table(ColorTrc.BT709, primaries, 5)
    assert table is not None
    blue, green, red = 1, 1, 3  # a dull red, in steps of a quarter
    found = table[blue, green, red]
    assert found[0] > 0.75
    assert found[1] < 0.25
