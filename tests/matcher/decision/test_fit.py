from pathlib import Path

import numpy as np
import pytest

from matcher.decision.decision import Decision, DecisionWeights
from matcher.decision.fit import (
    LabelledContest,
    fit_answer_scale,
    fit_platt,
    fit_weights,
    pick_main_contest,
    read_weights,
    remove_products,
    save_weights,
)
from matcher.errors import WeightsError
from tests.matcher.decision.contests import contest, duel, hypothesis

WEIGHTS = DecisionWeights(0.5, 0.4, -0.8, 2.0, -3.0, 1.5, 0.7, 0.9, 0.1)


def labelled(seed: int = 0, photos: int = 60) -> list[LabelledContest]:
    """Photos of known products with a weaker twin, and photos of nothing."""
    generator = np.random.default_rng(seed)
    found = []
    for number in range(photos):
        right = hypothesis(
            "a",
            int(generator.integers(15, 90)),
            generator.uniform(0.4, 0.9),
            generator.uniform(4, 14),
        )
        twin = hypothesis(
            "b",
            int(generator.integers(8, 60)),
            generator.uniform(0.2, 0.7),
            generator.uniform(8, 24),
        )
        accidental = hypothesis(
            "c", int(generator.integers(5, 9)), generator.uniform(0, 0.3), generator.uniform(15, 40)
        )
        tests = (duel(0, 1, generator.uniform(0.1, 1.0)),)
        found.append(LabelledContest(contest(right, twin, duels=tests), "a"))
        if number % 3 == 0:
            found.append(LabelledContest(contest(accidental), None))
    return found


def test_fitting_finds_what_speaks_for_and_what_against() -> None:
    weights = fit_weights(labelled())
    assert weights.inliers > 0
    assert weights.scarcity < 0
    assert weights.correlation > 0
    assert weights.chroma <= 0
    assert weights.twin_print >= 0
    assert weights.twin_colour >= 0
    assert weights.twin_print + weights.twin_colour > 0
    assert weights.unknown_share == pytest.approx(0.25)


def test_what_was_fitted_answers_other_photos_of_the_kind() -> None:
    decision = Decision(fit_weights(labelled(0)), 0.5)
    for example in labelled(1, 20):
        ranked = decision.rank(example.contest)
        if example.product_id is None:
            assert sum(rival.probability for rival in ranked) < 0.5
        else:
            assert ranked[0].hypothesis.reference.product_id == "a"
            assert ranked[0].probability > 0.5


def test_a_contest_that_counts_little_changes_little() -> None:
    wrong = LabelledContest(contest(hypothesis("a", 80, 0.9)), None, weight=1e-6)
    with_it, without_it = fit_weights([*labelled(), wrong]), fit_weights(labelled())
    assert with_it.correlation == pytest.approx(without_it.correlation, rel=0.05)
    assert with_it.unknown_share == pytest.approx(without_it.unknown_share, abs=1e-3)


def test_a_label_that_does_not_compete_counts_as_unknown() -> None:
    stranger = LabelledContest(contest(hypothesis("b", 6, 0.1)), "a")
    assert (
        fit_weights([*labelled(0, 30), stranger]).unknown_share
        > fit_weights(labelled(0, 30)).unknown_share
    )


def test_only_known_products_still_leave_room_for_the_unknown() -> None:
    known = [example for example in labelled() if example.product_id is not None]
    assert 0 < fit_weights(known).unknown_share < 0.05


def test_answers_that_are_right_more_often_than_they_say_become_surer() -> None:
    weights = DecisionWeights(-1.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.1)
    photos = [[contest(hypothesis("a", correlation=0.6))]] * 200
    honest = Decision(fit_answer_scale(weights, photos, ["a"] * 180 + [None] * 20), 0.5)
    stated = honest.rank(photos[0][0])[0].probability
    assert stated < 0.6
    assert honest.answer(stated) == pytest.approx(0.9, abs=0.1)
    doubted = Decision(fit_answer_scale(weights, photos, ["b"] * 180 + ["a"] * 20), 0.5)
    assert doubted.answer(stated) < 0.3


def test_a_photo_without_contests_is_an_answer_that_says_nothing() -> None:
    weights = DecisionWeights(-1.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.1)
    fitted = fit_answer_scale(weights, [[]] * 5, [None] * 5)
    assert (fitted.slope, fitted.offset) == pytest.approx((1.0, 0.0), abs=0.05)


def test_fitting_to_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        fit_weights([])


def test_a_photo_speaks_of_the_contest_where_its_product_competes() -> None:
    first, second = contest(hypothesis("x")), contest(hypothesis("y"), hypothesis("a"))
    assert pick_main_contest([first, second], "a") is second
    assert pick_main_contest([first, second], "nowhere") is first
    assert pick_main_contest([first, second], None) is first
    assert pick_main_contest([], "a") is None


def test_without_its_product_a_contest_keeps_the_twins_and_their_tests() -> None:
    tests = (duel(0, 1, 0.5), duel(1, 2, 0.3), duel(2, 1, -0.3))
    whole = contest(hypothesis("a"), hypothesis("b"), hypothesis("c"), duels=tests)
    left = remove_products(whole, {"a"})
    assert left is not None
    assert [rival.reference.product_id for rival in left.hypotheses] == ["b", "c"]
    assert [(duel.first, duel.second) for duel in left.duels] == [(0, 1), (1, 0)]
    assert left.duels[0].evidence is tests[1].evidence


def test_without_anybody_left_there_is_no_contest() -> None:
    assert remove_products(contest(hypothesis("a")), {"a", "b"}) is None


def test_a_calibration_is_read_as_it_was_saved(tmp_path: Path) -> None:
    path = tmp_path / "decision.json"
    save_weights(WEIGHTS, path)
    assert read_weights(path) == WEIGHTS


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "7", '{"bias": 1}', '{"surprise": 1}', b"\xff\xfe\x00"]
)
def test_a_broken_calibration_is_refused_with_its_name(
    tmp_path: Path, content: str | bytes
) -> None:
    path = tmp_path / "decision.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(WeightsError, match=r"decision\.json is no calibration"):
        read_weights(path)


def test_a_missing_calibration_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"gone\.json"):
        read_weights(tmp_path / "gone.json")


def test_less_caution_follows_the_answers_further() -> None:
    log_odds = np.linspace(-3, 3, 30)
    right = log_odds > -2
    held, free = (fit_platt(log_odds, right, caution=caution) for caution in (2.0, 0.1))
    assert free[1] > held[1] > 0
