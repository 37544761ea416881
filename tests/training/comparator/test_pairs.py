"""Pairs of a reference and a photo, with the cells that differ."""

import numpy as np
import pytest
from numpy.typing import NDArray

from matcher.retrieval.reference import ReferenceView
from matcher.verification.alignment import WarpedQuery
from training.comparator.pairs import (
    DIFFERENT,
    ROWS,
    SAME,
    UNDECIDED,
    ComparatorMaterial,
    draw_pair,
)
from training.data.aligned_photos import AlignedPhoto
from training.data.prints import draw_family

pytestmark = pytest.mark.usefixtures("one_thread")


def picture(seed: int) -> NDArray[np.uint8]:
    return draw_family(seed, 1)[0]


def material(photos: tuple[AlignedPhoto, ...] = ()) -> ComparatorMaterial:
    twins = [image[:192] for image in draw_family(3, 3)]
    return ComparatorMaterial([picture(1)[:192], picture(2)[:192]], [twins], photos)


def test_pairs_of_one_picture_have_cells_that_are_the_same_and_twins_have_others() -> None:
    rng = np.random.default_rng(0)
    drawn = [draw_pair(material(), rng) for _ in range(40)]
    assert all(pair.labels.shape == (ROWS, ROWS) for pair in drawn)
    assert all(set(np.unique(pair.labels)) <= {SAME, DIFFERENT, UNDECIDED} for pair in drawn)
    labelled = np.array(
        [((pair.labels == SAME).sum(), (pair.labels == DIFFERENT).sum()) for pair in drawn]
    )
    assert (labelled[:, 1] == 0).sum() > 5
    assert (labelled[:, 1] > 8).sum() > 5


def test_cells_beyond_the_picture_are_undecided() -> None:
    one = draw_pair(material(), np.random.default_rng(3))
    rows, columns = -(-one.reference.shape[0] // 8), -(-one.reference.shape[1] // 8)
    assert (one.labels[rows:] == UNDECIDED).all()
    assert (one.labels[:, columns:] == UNDECIDED).all()


def test_a_photo_is_labelled_only_where_its_alignment_is_trusted() -> None:
    image = picture(5)[:192]
    everywhere = np.ones(image.shape[:2], bool)
    trusted = np.zeros_like(everywhere)
    trusted[:96] = True
    photo = AlignedPhoto(
        "a", "a", ReferenceView(image, everywhere, 1.0), WarpedQuery(image, everywhere), trusted, 30
    )
    only = ComparatorMaterial([image], [], (photo,))
    drawn = [draw_pair(only, np.random.default_rng(seed)) for seed in range(30)]
    real = [pair for pair in drawn if (pair.labels[13:] == UNDECIDED).all()]
    assert any((pair.labels[:12] == DIFFERENT).any() for pair in real)
    assert any(not (pair.labels == DIFFERENT).any() for pair in real)
