import numpy as np
import pytest

from matcher.words.commonness import USUAL_SHARE, shares_among
from matcher.words.spelling import letters_of

ALIKE = 0.75
BRAND, FLAVOUR = "MORGONSOL", "RABARBER"


def shares(*others: list[str]) -> list[float]:
    printed = [[letters_of(text) for text in texts] for texts in others]
    return [float(share) for share in shares_among([BRAND, FLAVOUR], printed, ALIKE)]


def test_where_nobody_else_is_known_words_are_shared_as_near_twins_usually_do() -> None:
    assert shares() == pytest.approx([USUAL_SHARE, USUAL_SHARE])
    assert shares(["TEA", "HONEY"]) == pytest.approx([USUAL_SHARE, USUAL_SHARE])


def test_what_every_near_twin_carries_is_common_and_what_none_does_is_rare() -> None:
    flavours = [[BRAND, flavour] for flavour in ("HALLON", "APELSIN", "PLOMMON", "LINGON")]
    brand, flavour = shares(*flavours)
    assert brand > 0.85 > USUAL_SHARE > 0.25 > flavour


def test_products_of_other_kinds_make_no_brand_rare() -> None:
    flavours = [[BRAND, "HALLON"], [BRAND, "APELSIN"], [BRAND, "PLOMMON"]]
    many_others = [["SOAP"], ["HONEY"], ["RICE"]] * 300
    assert shares(*flavours, *many_others) == pytest.approx(shares(*flavours))


def test_a_reading_that_is_a_letter_off_is_of_the_same_word() -> None:
    assert shares(["M0RGONS0L"], ["MORGQNSOL"]) == pytest.approx(shares([BRAND], [BRAND]))


def test_world_a_product_without_words_and_one_with_a_thousand_have_their_shares() -> None:
    assert len(shares_among([], [["tea"]], ALIKE)) == 0
    many = [f"word{number}" for number in range(1000)]
    found = shares_among(many, [[letters_of(text) for text in many], []], ALIKE)
    assert found == pytest.approx(np.full(1000, (1 + USUAL_SHARE) / 2))


def test_world_words_in_other_scripts_are_counted() -> None:
    printed = [["牛奶巧克力"], ["牛奶巧克力"], ["молоко"]]
    chocolate, kefir = shares_among(["牛奶巧克力", "КЕФИР"], printed, ALIKE)
    assert chocolate > USUAL_SHARE > kefir
