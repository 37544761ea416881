"""Embeddings: unit length, batches, and closeness to the reference."""

import numpy as np
import pytest
from numpy.typing import NDArray

from catalog.records.product import is_valid_id
from matcher.networks.openvino_runtime import OpenVinoRuntime
from matcher.networks.runtime import Runtime
from matcher.networks.weights import Network, Weights
from matcher.retrieval.colour_layout import LAYOUT_SIZE, ColourBasis
from matcher.retrieval.embedder import (
    NetworkEmbedder,
    embedder_part_id,
    parse_part_id,
    prepare_for_embedding,
    squeeze_for_embedding,
)

Files = dict[Network, Weights]


@pytest.fixture
def weights(random_weights: Files) -> Weights:
    given = random_weights[Network.EMBEDDER]
    return Weights(given.network, given.path, given.sha256, {"input_size": 96.0})


def test_vectors_are_float32_of_unit_length(
    weights: Weights, openvino: OpenVinoRuntime, photo: NDArray[np.uint8]
) -> None:
    embedder = NetworkEmbedder(openvino.load(weights))

    vectors = embedder.embed([photo, photo[:40, :90], photo[:1, :1]])

    assert vectors.shape == (3, embedder.dimension) == (3, 256)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_colours_beside_the_network_count_for_half(
    weights: Weights, openvino: OpenVinoRuntime, photo: NDArray[np.uint8]
) -> None:
    network = openvino.load(weights)
    axes = np.random.default_rng(0).normal(size=(LAYOUT_SIZE, 5)).astype(np.float32)
    colours = ColourBasis(np.zeros(LAYOUT_SIZE, np.float32), axes, "c" * 64)
    alone, both = NetworkEmbedder(network), NetworkEmbedder(network, [colours])

    vectors = both.embed([photo, photo[:40]])

    assert vectors.shape == (2, both.dimension) == (2, 261)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose((vectors[:, :256] ** 2).sum(axis=1), 0.5, atol=1e-6)
    assert both.part_id == f"{alone.part_id}-colours-cccccccc"
    assert both.embed([]).shape == (0, 261)
    assert both.beside(()).part_id == alone.part_id


def test_weights_say_from_where_on_they_see_heaps_and_the_id_says_so_too(
    random_weights: Files, openvino: OpenVinoRuntime
) -> None:
    given = random_weights[Network.EMBEDDER]
    options = {"input_size": 96.0, "squeeze": 1.0}
    plain = Weights(given.network, given.path, given.sha256, options)
    seeing = Weights(given.network, given.path, given.sha256, {**options, "heaps": 0.6})
    assert NetworkEmbedder(openvino.load(plain)).multi_crop_from == 1.0
    assert NetworkEmbedder(openvino.load(seeing)).multi_crop_from == 0.6
    assert embedder_part_id(seeing) == f"{embedder_part_id(plain)}-heaps-60"
    for weights in (plain, seeing):
        named = parse_part_id(embedder_part_id(weights))
        assert named is not None
        assert named.options == weights.options


def test_no_pictures_give_no_vectors(weights: Weights, openvino: OpenVinoRuntime) -> None:
    assert NetworkEmbedder(openvino.load(weights)).embed([]).shape == (0, 256)


def test_a_picture_s_vector_does_not_depend_on_its_batch(
    weights: Weights, openvino: OpenVinoRuntime, photo: NDArray[np.uint8]
) -> None:
    embedder = NetworkEmbedder(openvino.load(weights))
    pictures = [photo[top : top + 60, : 60 + 4 * top] for top in range(18)]

    together = embedder.embed(pictures)
    alone = np.concatenate([embedder.embed([picture]) for picture in pictures])

    assert float((together * alone).sum(axis=1).min()) > 0.9999


def test_the_fast_embedding_is_the_reference_s(
    weights: Weights,
    openvino: OpenVinoRuntime,
    reference: Runtime,
    photo: NDArray[np.uint8],
) -> None:
    pictures = [photo, photo[::-1], 255 - photo]

    fast = NetworkEmbedder(openvino.load(weights)).embed(pictures)
    exact = NetworkEmbedder(reference.load(weights)).embed(pictures)

    assert float((fast * exact).sum(axis=1).min()) > 0.999


def test_the_id_is_a_folder_name_and_follows_weights_and_preparation(
    weights: Weights, random_weights: Files, openvino: OpenVinoRuntime
) -> None:
    ours = NetworkEmbedder(openvino.load(weights)).part_id
    larger = NetworkEmbedder(openvino.load(random_weights[Network.EMBEDDER])).part_id

    assert is_valid_id(ours)
    assert weights.sha256[:16] in ours
    assert ours != larger


@pytest.mark.parametrize("shape", [(10, 40, 3), (400, 100, 3), (224, 224, 3), (1, 1, 3)])
def test_preparation_keeps_the_whole_picture_and_its_proportions(
    shape: tuple[int, int, int],
) -> None:
    picture = np.full(shape, 255, dtype=np.uint8)

    square = prepare_for_embedding(picture, 64)

    assert square.shape == (64, 64, 3)
    white = (square == 255).all(axis=2)
    scale = 64 / max(shape[:2])
    assert white.any(axis=1).sum() == max(round(shape[0] * scale), 1)
    assert white.any(axis=0).sum() == max(round(shape[1] * scale), 1)


def test_weights_may_ask_for_the_whole_square_to_be_filled(
    random_weights: Files, openvino: OpenVinoRuntime
) -> None:
    given = random_weights[Network.EMBEDDER]
    options = {"input_size": 96.0, "squeeze": 1.0}
    squeezing = NetworkEmbedder(
        openvino.load(Weights(given.network, given.path, given.sha256, options))
    )
    picture = np.full((400, 100, 3), 255, dtype=np.uint8)

    assert squeeze_for_embedding(picture, 64).shape == (64, 64, 3)
    assert squeeze_for_embedding(picture, 64).min() == 255
    tall, square = squeezing.embed([picture, picture[:100]])
    np.testing.assert_allclose(tall, square, atol=1e-5)
    assert is_valid_id(squeezing.part_id)
