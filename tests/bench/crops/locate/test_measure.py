from pathlib import Path

import cv2
import numpy as np
import pytest

from bench.crops.locate.baselines import baselines
from bench.crops.locate.failures import draw_failures
from bench.crops.locate.figures import wilson
from bench.crops.locate.pictures import Half, PictureSource, find_pictures
from bench.crops.locate.related import Stratum, make_related
from bench.crops.locate.times import TimesOptions, measure_times
from bench.crops.locate.unrelated import Likeness, UnrelatedPairs
from bench.errors import BenchError
from tests.matcher.crops.locate.scenes import scene


@pytest.fixture
def source(tmp_path: Path) -> PictureSource:
    paths = []
    for number in range(4):
        paths.append(tmp_path / f"{number}.png")
        cv2.imwrite(str(paths[-1]), scene(number))
    return PictureSource(tuple(paths), (tuple(paths),), (), (), Half.DEVELOPMENT)


@pytest.mark.parametrize("stratum", list(Stratum))
def test_a_pair_is_the_same_for_the_same_seed(source: PictureSource, stratum: Stratum) -> None:
    pair, again = make_related(source, stratum, 3), make_related(source, stratum, 3)
    assert np.array_equal(pair.crop, again.crop)
    height, width = pair.full.shape[:2]
    assert pair.outline.min() >= 0
    assert (pair.outline <= (width, height)).all()


def test_look_alikes_are_made_of_the_pictures(source: PictureSource) -> None:
    pairs = UnrelatedPairs(source)
    for likeness in (Likeness.NONE, Likeness.SUBJECT):
        assert pairs.make(likeness, 1).other.size
    with pytest.raises(ValueError, match="near-twins"):
        pairs.make(Likeness.TWIN, 1)


def test_templates_and_keypoints_find_an_easy_crop() -> None:
    full = scene(5)
    crop = np.ascontiguousarray(full[64:256, 96:352])
    for baseline in baselines()[:2]:
        outline = baseline.locate(full, crop)
        assert outline is not None
        assert abs(outline[0, 0] - 96) < 16


def test_a_hash_finds_the_whole_picture_again() -> None:
    outline = baselines()[2].locate(scene(5), scene(5))
    assert outline is not None
    assert np.allclose(outline[2], (480, 320))


def test_the_interval_of_a_share_holds_it() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    low, high = wilson(9, 10)
    assert low < 0.9 < high


def test_without_failures_the_sheet_is_blank() -> None:
    assert (draw_failures([]) == 255).all()


def test_large_pairs_and_one_crop_among_many_are_timed(
    source: PictureSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.crops.locate.times._TWELVE", (600, 400, 2, 1, 1))
    monkeypatch.setattr("bench.crops.locate.times._FIFTY", (600, 400, 1, 2, 1))
    monkeypatch.setattr("bench.crops.locate.times._CROPS", 1)
    result = measure_times(source, TimesOptions(pictures=3))
    assert [job.runs for job in result.jobs] == [1] * 6
    assert all(job.median_s > 0 for job in result.jobs)
    assert "one crop against 3 pictures, ranked" in [row[0] for row in result.table().rows]


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="has no pictures"):
        find_pictures(tmp_path, Half.TEST)
