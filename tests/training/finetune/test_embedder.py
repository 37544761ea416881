"""Adapting the embedder to one catalog: what it is trained and measured on."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file

from catalog.encodings.encoding import ReferenceCrop
from matcher.networks.resnet import EmbeddingNet
from matcher.networks.weights import Network, Weights
from matcher.retrieval.untrained import ColourEmbedder
from training.data.backgrounds import draw_backgrounds
from training.data.catalog_products import CatalogProduct, ReferencePicture
from training.data.prints import draw_family
from training.errors import TrainingError
from training.finetune.embedder import (
    EmbedderFinetuneOptions,
    FinetunedEmbedder,
    FinetuneSampler,
    catalog_score,
    finetune_embedder,
    load_embedder,
)
from training.finetune.metrics import find_nearest_others
from training.loop.export import to_half_precision
from training.loop.progress import Progress
from training.loop.trainer import RunOptions

EMBED = ColourEmbedder().embed


def look(image: NDArray[np.uint8]) -> ReferencePicture:
    height, width = image.shape[:2]
    _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    mask = np.ones((8, 8), np.bool_)
    return ReferencePicture(ReferenceCrop(corners, width, height, np.eye(3), jpeg.ravel(), mask))


def products(families: int = 3, *, held_out: bool = False) -> tuple[CatalogProduct, ...]:
    """Families of two near-twins."""
    return tuple(
        CatalogProduct(f"p{seed}-{number}", (look(image),), look(image) if held_out else None)
        for seed in range(families)
        for number, image in enumerate(draw_family(seed, 2))
    )


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    """Our embedder, untrained."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "embedder.safetensors"
    save_file(to_half_precision(EmbeddingNet().state_dict()), path)
    return Weights.of_file(Network.EMBEDDER, path, {"input_size": 32, "squeeze": 1})


def test_a_batch_shows_each_thing_twice_and_a_product_beside_its_twin() -> None:
    own = products(8)
    twins = find_nearest_others(own, EMBED)
    sampler = FinetuneSampler(own, twins, draw_backgrounds(4, 0), np.random.default_rng(0))
    batch = sampler.batch(24)
    labels = batch.labels
    assert batch.images.shape == (len(labels), 24, 24, 3)
    assert set(np.unique(labels, return_counts=True)[1]) == {2}
    assert 12 + 8 <= len(labels) // 2 <= 12 + 16


@pytest.mark.usefixtures("one_thread")
def test_an_adaptation_starts_from_the_weights_and_is_compared_with_those_in_use(
    weights: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.finetune.metrics.MOST_VIEWS", 12)
    monkeypatch.setattr("training.finetune.metrics.STRANGERS", 3)
    places = draw_backgrounds(4, 0)
    reports: list[Progress] = []
    options = RunOptions(tmp_path / "out", tmp_path / "out", 0.001, report_seconds=1.0)
    run_options = EmbedderFinetuneOptions(options, weights, weights)
    adapted = finetune_embedder(products(2), run_options, reports.append, places)
    assert set(adapted.before) == set(adapted.after)
    assert set(adapted.state) == set(EmbeddingNet().state_dict())
    assert reports
    assert (tmp_path / "out" / "curves.png").exists()
    assert catalog_score(adapted.before) <= 1
    resumed = EmbedderFinetuneOptions(replace(options, resume=True), weights, weights)
    again = finetune_embedder(products(2), resumed, reports.append, places)
    assert again.before == adapted.before
    assert again.after == adapted.after


@pytest.mark.parametrize(
    ("views", "others", "better"),
    [(0.9, 0.8, True), (0.5, 0.8, False), (0.4, 0.8, False), (0.9, 0.7, False)],
)
def test_worse_is_what_gains_nothing_or_forgets_much(
    views: float, others: float, better: bool
) -> None:
    before = {"views_top1": 0.5, "twins": 0.5, "others_top1": 0.8}
    after = {"views_top1": views, "twins": 0.5, "others_top1": others}
    assert FinetunedEmbedder({}, before, after).is_better is better


def test_weights_that_see_pictures_otherwise_are_refused(weights: Weights) -> None:
    strange = Weights(weights.network, weights.path, weights.sha256, {"input_size": 32})
    with pytest.raises(TrainingError, match="no embedder of ours"):
        load_embedder(strange)
