"""The axes of colour: across what varies within a class, along what differs between classes."""

from pathlib import Path

import numpy as np

from matcher.retrieval.colour_layout import LAYOUT_SIZE, read_colour_basis
from training.data.instances import print_instances
from training.embedder.colour_layout import (
    KEPT_AXES,
    discriminant_axes,
    save_colours,
    train_colours,
)
from training.embedder.sampler import ViewSampler


def test_the_first_axis_is_where_classes_differ_and_not_where_views_vary() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(40), 10)
    views = rng.normal(size=(400, 3)) * (10.0, 1.0, 1.0)
    views[:, 1] += 5 * rng.normal(size=40)[labels]

    axes = discriminant_axes(views, labels, 1)

    along = np.abs(axes[:, 0]) / np.linalg.norm(axes[:, 0])
    assert along[1] > 0.95


def test_axes_learned_from_views_find_the_other_view_of_a_print(tmp_path: Path) -> None:
    families = print_instances(12)
    places = [np.random.default_rng(n).integers(0, 255, (80, 80, 3), np.uint8) for n in range(3)]
    found = train_colours(ViewSampler(families, places, np.random.default_rng(1)), batches=12)
    save_colours(found, tmp_path / "colours.safetensors")
    colours = read_colour_basis(tmp_path / "colours.safetensors")
    assert colours.axes.shape == (LAYOUT_SIZE, KEPT_AXES)
    assert len(colours.sha256) == 64

    batch = ViewSampler(families, places, np.random.default_rng(2)).batch(96)
    vectors = colours.vectors(list(batch.images))
    likeness = vectors @ vectors.T - 2 * np.eye(len(vectors))
    right = batch.labels[likeness.argmax(axis=1)] == batch.labels
    assert right.mean() > 0.5
