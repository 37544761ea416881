"""Which variants of an ablation are measured."""

import pytest

from api.cli.bench.variants import chosen_variants
from api.errors import Refused
from bench.ablation.ablation import Variant

VARIANTS = [Variant(part, "nothing", None) for part in ("", "words", "comparator")]


def test_all_are_measured_where_none_is_named() -> None:
    assert chosen_variants(VARIANTS, ()) == VARIANTS


def test_the_shipped_method_is_measured_beside_each_that_is_named() -> None:
    assert [item.part for item in chosen_variants(VARIANTS, ["words"])] == ["", "words"]


def test_a_part_that_is_not_exchanged_is_refused_with_those_that_are() -> None:
    with pytest.raises(Refused, match="no part 'wheels' to exchange; there are words, comparator"):
        chosen_variants(VARIANTS, ["wheels"])
