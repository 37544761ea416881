import numpy as np
import pytest

from matcher.decision.evaluation import Outcome, SampleKind
from matcher.decision.threshold import (
    HIGHEST,
    LOWEST,
    AnswerScale,
    Target,
    Threshold,
    choose_threshold,
    measure_scale,
    wilson_interval,
)
from matcher.results import log_odds

SHIPPED = AnswerScale(0.8, 1.0, 0.0)


def replies(kind: SampleKind, probabilities: np.ndarray, right: bool = False) -> list[Outcome]:
    return [Outcome(kind, "", log_odds(float(probability)), right) for probability in probabilities]


def photos(unknown: int, seed: int = 0) -> list[Outcome]:
    """Unknowns mostly improbable, known ones mostly probable."""
    rng = np.random.default_rng(seed)
    return [
        *replies(SampleKind.UNKNOWN, rng.beta(1, 8, unknown)),
        *replies(SampleKind.LEFT_OUT, rng.beta(2, 3, unknown)),
        *replies(SampleKind.KNOWN, rng.beta(8, 1, unknown), right=True),
    ]


def chosen(several: list[Outcome], rate: float) -> Threshold:
    return choose_threshold(several, Target(rate, 0.5), SHIPPED, SHIPPED)


def test_the_rate_of_the_target_is_kept_on_others_of_the_same_kind() -> None:
    for rate in (0.01, 0.02, 0.04):
        choice = chosen(photos(2000), rate)
        met = measure_scale(photos(4000, seed=1), choice.after.scale).false_accept
        assert met is not None
        assert rate / 2 < met.value < 2 * rate
        assert choice.after.false_accept is not None
        assert choice.after.false_accept.value <= rate
        assert not choice.notes


def test_who_asks_for_less_gets_a_higher_threshold_and_fewer_names() -> None:
    lax, strict = (chosen(photos(2000), rate).after for rate in (0.05, 0.01))
    assert lax.scale.threshold < strict.scale.threshold
    assert lax.named is not None
    assert strict.named is not None
    assert lax.named.value > strict.named.value


def test_two_sorts_of_unknowns_count_by_their_shares_and_not_by_their_numbers() -> None:
    easy = replies(SampleKind.UNKNOWN, np.full(900, 0.1))
    alike = replies(SampleKind.LEFT_OUT, np.full(90, 0.9))
    figures = measure_scale([*easy, *alike], SHIPPED)
    assert figures.false_accept is not None
    assert figures.false_accept.value == pytest.approx(1 / 3)
    assert figures.by_kind[SampleKind.LEFT_OUT].value == 1
    assert figures.by_kind[SampleKind.UNKNOWN].value == 0


def test_too_few_unknowns_keep_the_shipped_threshold_and_say_so() -> None:
    choice = chosen(replies(SampleKind.UNKNOWN, np.full(20, 0.1)), 0.01)
    assert choice.after.scale.threshold == pytest.approx(0.8, abs=1e-3)
    (note,) = choice.notes
    assert "20 unknowns can promise" in note
    assert "4.8% at best" in note


def test_too_few_unknowns_raise_the_threshold_where_they_show_that_it_has_to_be() -> None:
    choice = chosen(replies(SampleKind.UNKNOWN, np.array([0.1] * 18 + [0.9, 0.95])), 0.01)
    assert choice.after.scale.threshold > 0.95
    assert choice.after.false_accept is not None
    assert choice.after.false_accept.value == 0


def test_a_catalog_alone_never_lowers_the_threshold() -> None:
    views = [Outcome(SampleKind.VIEW, f"p{n}", log_odds(0.05), False) for n in range(500)]
    choice = chosen(views, 0.05)
    assert choice.after.scale.threshold == pytest.approx(0.8, abs=1e-3)
    assert any("no photo of anything unknown" in note for note in choice.notes)
    with_photos = chosen(replies(SampleKind.UNKNOWN, np.full(500, 0.05)), 0.05)
    assert with_photos.after.scale.threshold == pytest.approx(LOWEST)


def test_views_of_one_product_stand_or_fall_together() -> None:
    several = [Outcome(SampleKind.VIEW, f"p{n % 10}", log_odds(0.05), False) for n in range(400)]
    notes = " ".join(chosen(several, 0.05).notes)
    assert "400 unknowns, which count as 10, can promise a rate of 9.1% at best" in notes
    grouped = measure_scale(several, SHIPPED).false_accept
    alone = measure_scale([Outcome(SampleKind.VIEW, "", 0.0, False)] * 400, SHIPPED).false_accept
    assert grouped is not None
    assert alone is not None
    assert (grouped.samples, alone.samples) == (400, 400)
    assert grouped.high > 5 * alone.high


def test_unknowns_that_are_as_probable_as_can_be_are_noted() -> None:
    choice = chosen(replies(SampleKind.UNKNOWN, np.full(200, 1 - 1e-9)), 0.01)
    assert choice.after.scale.threshold == HIGHEST
    assert any("also at 0.9999" in note for note in choice.notes)


def test_a_slope_is_fitted_to_photos_and_left_alone_without() -> None:
    sure = photos(400)
    too_sure = [
        Outcome(outcome.kind, "", 3 * outcome.log_odds, outcome.is_right) for outcome in sure
    ]
    fitted = chosen(too_sure, 0.05)
    assert fitted.is_fitted
    assert fitted.after.scale.slope < chosen(sure, 0.05).after.scale.slope / 2
    met = fitted.after.false_accept
    assert met is not None
    assert met.value <= 0.05
    for few in (photos(30), [outcome for outcome in sure if outcome.kind is not SampleKind.KNOWN]):
        bare = chosen(few, 0.05)
        assert not bare.is_fitted
        assert (bare.after.scale.slope, bare.after.scale.offset) == (1.0, 0.0)


def test_nothing_unknown_is_nothing_to_choose_by() -> None:
    known = replies(SampleKind.KNOWN, np.full(50, 0.9), right=True)
    with pytest.raises(ValueError, match="needs unknowns"):
        chosen(known, 0.01)
    figures = measure_scale(known, SHIPPED)
    assert figures.false_accept is None
    assert figures.named is not None
    assert figures.named.value == 1
    assert measure_scale([], SHIPPED).named is None


def test_an_interval_says_something_of_a_rate_of_nought() -> None:
    rate = wilson_interval(0, 100, 100)
    assert (rate.value, rate.low) == (0, 0)
    assert rate.high == pytest.approx(0.037, abs=0.001)
