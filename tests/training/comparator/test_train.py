"""Learning where a photo shows something else than its reference."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from matcher.keypoints.rootsift import RootSift, read_basis
from matcher.networks.comparator_net import ComparatorNet
from matcher.networks.weights import load_weights, read_manifest
from matcher.retrieval.reference import ReferenceView
from matcher.verification.alignment import WarpedQuery
from tests.training.miniature import HELD_OUT
from training.comparator.material import MaterialCounts
from training.comparator.metrics import area_under_roc
from training.comparator.pairs import (
    DIFFERENT,
    ROWS,
    SAME,
    UNDECIDED,
    ComparatorMaterial,
    draw_pair,
)
from training.comparator.train import cell_loss, train_comparator
from training.data.aligned_photos import AlignedPhoto, align_photos
from training.data.near_twins import blend, draw_blot, make_twin, write_word
from training.data.prints import draw_family
from training.data.sources import TrainingData
from training.loop.progress import Progress
from training.loop.trainer import RunOptions
from training.release.comparator import release_comparator

WEIGHTS = Path(__file__).parents[3] / "weights"

pytestmark = pytest.mark.usefixtures("one_thread")


def picture(seed: int) -> NDArray[np.uint8]:
    return draw_family(seed, 1)[0]


def front_end() -> RootSift:
    return RootSift(read_basis(WEIGHTS / "rootsift.safetensors"))


def material(photos: tuple[AlignedPhoto, ...] = ()) -> ComparatorMaterial:
    twins = [one[:192] for one in draw_family(3, 3)]
    return ComparatorMaterial([picture(1)[:192], picture(2)[:192]], [twins], photos)


@pytest.mark.parametrize("seed", range(12))
def test_a_twin_has_the_picture_s_shape_and_not_its_print(seed: int) -> None:
    image = picture(seed)
    twin = make_twin(image, [picture(50), picture(51)], np.random.default_rng(seed))
    assert twin.shape == image.shape
    assert twin.dtype == np.uint8
    assert (twin != image).any()


def test_the_same_chance_makes_the_same_twin() -> None:
    one, other = (make_twin(picture(0), [picture(9)], np.random.default_rng(4)) for _ in range(2))
    assert (one == other).all()


def test_a_twin_of_a_colourless_picture_can_be_made() -> None:
    grey = np.full((60, 40, 3), 128, np.uint8)
    twins = [make_twin(grey, [grey], np.random.default_rng(seed)) for seed in range(20)]
    assert any((twin != grey).any() for twin in twins)


def test_a_word_is_written_inside_the_picture_only() -> None:
    image = np.zeros((40, 30, 3), np.uint8)
    changed = [(write_word(image, np.random.default_rng(n)) != image).any() for n in range(12)]
    assert any(changed)
    assert not image.any()


def test_a_blot_covers_a_part() -> None:
    mask = draw_blot(50, 70, np.random.default_rng(2), 0.2, 0.5)
    assert mask.shape == (50, 70, 1)
    assert 0 <= mask.min() < 0.5 < mask.max() <= 1
    white = np.full((50, 70, 3), 255, np.uint8)
    assert (blend(white, np.zeros_like(white), mask)[mask[..., 0] == 0] == 255).all()


def test_pairs_of_one_picture_have_cells_that_are_the_same_and_twins_have_others() -> None:
    rng = np.random.default_rng(0)
    drawn = [draw_pair(material(), rng) for _ in range(40)]
    assert all(one.labels.shape == (ROWS, ROWS) for one in drawn)
    assert all(set(np.unique(one.labels)) <= {SAME, DIFFERENT, UNDECIDED} for one in drawn)
    told = np.array(
        [((one.labels == SAME).sum(), (one.labels == DIFFERENT).sum()) for one in drawn]
    )
    assert (told[:, 1] == 0).sum() > 5
    assert (told[:, 1] > 8).sum() > 5


def test_cells_beyond_the_picture_are_not_told() -> None:
    one = draw_pair(material(), np.random.default_rng(3))
    rows, columns = -(-one.reference.shape[0] // 8), -(-one.reference.shape[1] // 8)
    assert (one.labels[rows:] == UNDECIDED).all()
    assert (one.labels[:, columns:] == UNDECIDED).all()


def test_a_photo_is_told_only_where_its_alignment_is_trusted() -> None:
    image = picture(5)[:192]
    everywhere = np.ones(image.shape[:2], bool)
    trusted = np.zeros_like(everywhere)
    trusted[:96] = True
    photo = AlignedPhoto(
        "a", "a", ReferenceView(image, everywhere, 1.0), WarpedQuery(image, everywhere), trusted, 30
    )
    only = ComparatorMaterial([image], [], (photo,))
    drawn = [draw_pair(only, np.random.default_rng(seed)) for seed in range(30)]
    real = [one for one in drawn if (one.labels[13:] == UNDECIDED).all()]
    assert any((one.labels[:12] == DIFFERENT).any() for one in real)
    assert any(not (one.labels == DIFFERENT).any() for one in real)


def test_cells_that_are_not_told_do_not_count() -> None:
    logits = torch.zeros(1, ROWS, ROWS)
    labels = torch.full((1, ROWS, ROWS), UNDECIDED, dtype=torch.int8)
    assert float(cell_loss(logits, labels)) == 0.0
    labels[0, :10, :10] = SAME
    labels[0, :4, :4] = DIFFERENT
    right = torch.where(labels == DIFFERENT, 20.0, -20.0)
    assert float(cell_loss(right, labels)) < 1e-6
    assert float(cell_loss(-right, labels)) > 10


def test_the_area_under_the_curve_is_the_chance_to_be_ordered_rightly() -> None:
    scores = np.array([0.1, 0.4, 0.35, 0.8])
    assert area_under_roc(scores, np.array([False, False, True, True])) == pytest.approx(0.75)
    assert area_under_roc(scores, np.zeros(4, bool)) == 0.5


def test_photos_of_a_carton_are_found_on_its_references(tiny_data: Path) -> None:
    data = TrainingData.open(tiny_data)
    found = align_photos(data, front_end(), held_out=True, twins=True)
    own = [one for one in found if one.reference == one.product]
    assert {one.product for one in found} == set(HELD_OUT)
    assert own
    assert all(one.trusted.any() and not (one.trusted & ~one.view.mask).any() for one in own)


def test_a_run_learns_resumes_and_ships_beside_what_needs_no_training(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.comparator.train._BATCH", 2)
    monkeypatch.setattr("training.comparator.train._FRESH", 1)
    monkeypatch.setattr("training.comparator.metrics._PAIRS", 4)
    reports: list[Progress] = []
    few = MaterialCounts(clothes=8, families=4, shops=0)

    def run(minutes: float, *, resume: bool) -> Path:
        options = RunOptions(tiny_data, tmp_path, minutes, resume=resume, report_seconds=3)
        return train_comparator(options, front_end(), reports.append, few)

    best = run(0.03, resume=False)
    steps = reports[-1].step
    assert reports[0].figures.keys() == {"correlation_auc", "chroma_auc"}
    assert reports[-1].figures.keys() == {"cells_auc", "photos_auc"}
    assert best.exists()
    run(0.15, resume=True)
    assert reports[-1].step > steps > 0

    weights = tmp_path / "weights"
    weights.mkdir()
    data = TrainingData.open(tiny_data)
    entry = release_comparator(data, tmp_path, front_end(), weights, few)
    assert entry in read_manifest(weights).entries
    assert {"held_out_photos_auc", "held_out_chroma_auc"} <= set(entry.figures)
    load_weights(ComparatorNet(), weights / entry.file, entry.sha256)
