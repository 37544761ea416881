from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bench.errors import BenchError
from bench.recognition.calibration import (
    ITSELF,
    PHOTOS,
    SHIPPED,
    CalibrationOptions,
    fitting_photos,
    measure_calibration,
)
from bench.recognition.dataset import Dataset, PhotoQuery
from bench.recognition.protocols import EASY, TWINS
from catalog.encodings.encoding import Encoding, PartIds
from catalog.records.calibration import Calibration
from catalog.records.product import Product, ReferenceImage
from catalog.search.vector_index import Neighbour
from matcher.decision.decision import Decision, DecisionWeights
from matcher.decision.evaluation import Sample, SampleKind
from matcher.imaging.box import Box
from matcher.results import Detection, Match, Verdict, Verification
from matcher.retrieval.shortlist import SearchableCatalog

NAMES = ("juice", "milk")


class Grey:
    """Says the product that comes first, as probable as the picture is bright; milk is dull."""

    def decision(self, catalog: SearchableCatalog) -> Decision:
        weights = DecisionWeights(0, 0, 0, 0, 0, 0, 0, 0, unknown_share=0.5)
        return Decision(weights, 0.8).with_calibrations(catalog.calibrations)

    def find(self, image: NDArray[np.uint8], catalog: SearchableCatalog) -> tuple[Match, ...]:
        name, none = next(iter(catalog.products)), np.zeros((0, 4), np.float32)
        proof = Verification(name, "", 9, none, none[:, :2], 0.5, 0.5)
        probability = float(image.mean()) / (256 if name == "juice" else 1024)
        seen = Detection(Box(0, 0, 16, 16), 1.0)
        return (Match(seen, Verdict.SIMILAR, name, probability, proof, ()),)


class ShelfCatalog:
    """Two products without pictures to look at."""

    name, index_version = "shelf", 1
    calibrations: Mapping[str, Calibration] = {}

    def __init__(self) -> None:
        image = ReferenceImage("", "png", 16, 16, "", "")
        self.products = {
            name: Product(name, name, images=(replace(image, image_id=name),)) for name in NAMES
        }

    @property
    def part_ids(self) -> PartIds:
        raise NotImplementedError

    def encoding(self, encoding_id: str) -> Encoding:
        raise NotImplementedError

    def votes(
        self, descriptors: NDArray[np.float32], size: int, without: Collection[str] = ()
    ) -> None:
        raise NotImplementedError

    def shortlist(self, embedding: NDArray[np.float32], size: int) -> Sequence[Neighbour]:
        raise NotImplementedError


def photo(folder: Path, name: str, brightness: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.png"
    Image.fromarray(np.full((16, 16, 3), brightness, np.uint8)).save(path)
    return path


def queries(folder: Path, count: int) -> list[PhotoQuery]:
    rng = np.random.default_rng(list(folder.name.encode()))
    queries: list[PhotoQuery] = []
    for number in range(count):
        dull, bright = int(rng.integers(10, 240)), int(rng.integers(200, 256))
        group = TWINS if number % 3 == 0 else EASY
        queries.append(PhotoQuery(photo(folder / "unknown", f"{number}", dull), None, (group,)))
        queries.append(PhotoQuery(photo(folder / "juice", f"{number}", bright), "juice"))
    return queries


def test_the_rate_that_comes_out_stands_beside_the_requested_one(tmp_path: Path) -> None:
    dataset = Dataset("grey", tmp_path, tuple(queries(tmp_path / "eval", 200)))
    views = [
        Sample(SampleKind.VIEW, lambda: np.full((16, 16, 3), 20, np.uint8), None, group="milk")
    ]
    result = measure_calibration(
        Grey(), ShelfCatalog(), dataset, queries(tmp_path / "train", 200), views,
        CalibrationOptions(rates=(0.05, 0.1)),
    )  # fmt: skip
    shipped, five, ten, alone, _ = result.outcomes
    assert [outcome.material for outcome in result.outcomes] == [
        SHIPPED,
        PHOTOS,
        PHOTOS,
        ITSELF,
        ITSELF,
    ]
    assert shipped.met.scale.threshold == 0.8
    for outcome, rate in ((five, 0.05), (ten, 0.1)):
        assert outcome.is_promised
        assert outcome.met.false_accept is not None
        assert 0 < outcome.met.false_accept.value < 2 * rate
    assert five.met.scale.threshold > ten.met.scale.threshold
    assert not alone.is_promised
    assert result.to_json()["outcomes"][1]["met"]["false_accept"]["samples"] == 200
    rows = result.table().rows
    assert (rows[1][1], rows[3][1]) == ("5.0%", "5.0% (too few samples)")


def test_a_photo_is_never_measured_with_that_was_calibrated_with(tmp_path: Path) -> None:
    several = queries(tmp_path / "eval", 3)
    dataset = Dataset("grey", tmp_path, tuple(several))
    with pytest.raises(BenchError, match="also one to measure with"):
        measure_calibration(
            Grey(),
            ShelfCatalog(),
            dataset,
            several[:1],
            [],
            CalibrationOptions(),
        )


def test_photos_to_calibrate_with_are_those_for_training(tmp_path: Path) -> None:
    grocery, catalog = tmp_path / "grocery", tmp_path / "catalog"
    grocery.mkdir()
    (grocery / "classes.json").write_text('{"cartons": ["juice", "left-out"]}')
    for name in ("juice", "left-out", "apple", "pear"):
        for number in range(5):
            photo(grocery / "train" / name, f"{number}", 100)
    photo(catalog / "juice", "iconic", 100)
    dataset = Dataset("open-set", catalog, ())
    queries = fitting_photos(tmp_path, dataset, CalibrationOptions(photos=2, unknown=3))
    assert [(query.path.parent.name, query.truth) for query in queries] == [
        *[("juice", "juice")] * 2, *[("apple", None)] * 2, ("pear", None)
    ]  # fmt: skip
    with pytest.raises(BenchError, match="no folder"):
        fitting_photos(tmp_path / "nowhere", dataset, CalibrationOptions())
