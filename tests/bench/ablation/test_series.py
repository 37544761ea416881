"""Several seeds of an ablation as one table."""

from pathlib import Path

from bench.ablation.ablation import AblationOptions, AblationResult, Variant, measure_ablation
from bench.ablation.series import AblationSeries
from bench.recognition.dataset import read_dataset
from tests.bench.ablation.test_ablation import sized


def ablated(data: Path, named: str) -> AblationResult:
    variants = [
        Variant("", "", lambda _: sized(named, 0.0)),
        Variant("words", "nothing read", lambda _: sized("p0", 0.0)),
        Variant("comparator", "nothing", None),
    ]
    return measure_ablation(read_dataset(data), variants, AblationOptions(draws=20))


def test_one_seed_is_shown_as_it_is(recognition_data: Path) -> None:
    result = ablated(recognition_data, "p0")
    assert AblationSeries((result,)).table() == result.table()


def test_several_seeds_show_their_mean_between_the_lowest_and_the_highest(
    recognition_data: Path,
) -> None:
    series = AblationSeries((ablated(recognition_data, "p0"), ablated(recognition_data, "none")))
    shipped, words, missing = series.table().rows
    assert shipped[:3] == ("as shipped", "", "0.167 (0.000 to 0.333)")
    assert words[:3] == ("words", "nothing read", "0.333 (0.333 to 0.333)")
    assert missing[:2] == ("comparator", "no such weights in the manifest")
    assert len({len(row) for row in (*series.table().rows, series.table().columns)}) == 1
    assert len(series.to_json()["results"]) == 2
