"""Catalogs that are asked by networks made for them: fetched, checked, used, refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from api.models.loading import Models, Networks, build_pipeline
from api.models.per_catalog import (
    NONCOMMERCIAL,
    NOTES,
    CatalogFinder,
    CatalogSearcher,
    PerCatalogModels,
    with_embedder,
)
from catalog.encodings.encoding import network_of
from catalog.encodings.network_store import NetworkStore
from catalog.errors import CatalogError, Conflict
from catalog.ingest.image_file import ImageFile
from catalog.registry import Catalogs
from catalog.search.search import SearchQuery
from catalog.store import CatalogStore
from matcher.decision.decision import Decision
from matcher.decision.fit import read_weights
from matcher.detection.proposals import PrintDetector
from matcher.keypoints.ratio_test import NearestNeighbourMatcher
from matcher.keypoints.rootsift import RootSift, read_basis
from matcher.networks.devices import Device, choose_runtime
from matcher.networks.weights import Network, Weights
from matcher.retrieval.colour_layout import LAYOUT_SIZE, ColourBasis
from matcher.retrieval.embedder import NetworkEmbedder, embedder_part_id, parse_part_id
from matcher.retrieval.encoder import ReferenceEncoder
from matcher.retrieval.untrained import ColourEmbedder
from matcher.verification.comparator import PlainComparator
from tests.catalog.support.fakes import MemoryStorage, encoded
from tests.matcher.prints import WEIGHTS, printed

OPTIONS = {"input_size": 32.0, "squeeze": 1.0}


def own_models() -> Models:
    """Without trained networks."""
    front_end = RootSift(read_basis(WEIGHTS / "rootsift.safetensors"))
    pairs = NearestNeighbourMatcher()
    networks = Networks(PrintDetector(), ColourEmbedder(), front_end, pairs, PlainComparator())
    decision = Decision(read_weights(WEIGHTS / "decision.json"), 0.5, model_id="0123456789ab")
    encoder = ReferenceEncoder(front_end, pairs, networks.embedder, networks.detector)
    return Models(networks, decision, build_pipeline(networks, decision), encoder)


def weights_file(path: Path, **notes: str) -> bytes:
    """Our embedder, untrained."""
    import torch
    from safetensors.torch import save_file

    from matcher.networks.resnet import EmbeddingNet
    from training.loop.export import to_half_precision

    torch.manual_seed(0)
    save_file(to_half_precision(EmbeddingNet().state_dict()), path, {NOTES: json.dumps(notes)})
    return path.read_bytes()


def part_id(sha256: str) -> str:
    return embedder_part_id(Weights(Network.EMBEDDER, Path("embedder"), sha256, OPTIONS))


@pytest.fixture(scope="module")
def models() -> Models:
    return own_models()


def adapted_in(
    memory: MemoryStorage, models: Models, cache: Path, *, any_licence: bool = False
) -> PerCatalogModels:
    runtime = choose_runtime(Device.REFERENCE, cache, threads=1)
    return PerCatalogModels(models, memory, runtime, cache / "models", any_licence=any_licence)


def opened(memory: MemoryStorage, models: Models, adapted: PerCatalogModels) -> CatalogStore:
    return Catalogs(memory, models.encoder, others=adapted.encoder).open("shop")


@pytest.fixture
def memory(models: Models) -> MemoryStorage:
    return filled(models)


def filled(models: Models) -> MemoryStorage:
    """A catalog of three prints."""
    memory = MemoryStorage()
    store = Catalogs(memory, models.encoder).create("shop")
    for seed in range(3):
        picture = encoded(Image.fromarray(printed(seed)))
        store.add_product(f"p{seed}", [ImageFile(f"{seed}.png", picture)])
    return memory


def test_a_catalog_is_searched_by_the_embedder_that_was_made_for_it(
    memory: MemoryStorage, models: Models, tmp_path: Path
) -> None:
    sha256 = NetworkStore(memory, "shop").save(weights_file(tmp_path / "embedder"))
    adapted = adapted_in(memory, models, tmp_path)
    made = adapted.of("shop", part_id(sha256))
    assert made is not None
    assert made.decision.model_id != models.decision.model_id
    assert made.networks.detector is models.networks.detector
    opened(memory, models, adapted).migration.by(made.encoder).switch()

    # Another process, which finds the networks by what the journal says.
    other = adapted_in(memory, models, tmp_path / "elsewhere")
    snapshot = opened(memory, models, other).snapshot()
    finder = CatalogFinder(models, other.of)
    assert network_of(snapshot.part_ids.embedding) == part_id(sha256)
    assert finder.models_of(snapshot).networks.embedder.part_id == part_id(sha256)
    found = finder.identify(printed(1), snapshot, whole_image=True)
    assert found.matches[0].product_id == "p1"
    near = CatalogSearcher(finder).search(snapshot, SearchQuery(limit=1), printed(2))
    assert near.hits[0].product.product_id == "p2"


def test_a_catalog_without_its_own_is_searched_by_those_of_the_process(
    memory: MemoryStorage, models: Models, tmp_path: Path
) -> None:
    adapted = adapted_in(memory, models, tmp_path)
    finder = CatalogFinder(models, adapted.of)
    assert finder.models_of(opened(memory, models, adapted).snapshot()) is models
    assert finder.detect(printed(0))


def test_networks_that_are_not_there_are_none(
    memory: MemoryStorage, models: Models, tmp_path: Path
) -> None:
    adapted = adapted_in(memory, models, tmp_path)
    assert adapted.of("shop", part_id("ab" * 32)) is None
    assert adapted.of("shop", "colour-9x9-1-1") is None


def test_a_damaged_file_is_named_and_not_used(
    memory: MemoryStorage, models: Models, tmp_path: Path
) -> None:
    sha256 = NetworkStore(memory, "shop").save(weights_file(tmp_path / "embedder"))
    memory.objects[f"shop/models/{sha256}.safetensors"] += b"more"
    with pytest.raises(CatalogError, match="damaged"):
        adapted_in(memory, models, tmp_path).of("shop", part_id(sha256))


def test_a_file_of_something_else_is_refused(
    memory: MemoryStorage, models: Models, tmp_path: Path
) -> None:
    import torch
    from safetensors.torch import save_file

    save_file({"weight": torch.zeros(3)}, tmp_path / "strange")
    objects = NetworkStore(memory, "shop")
    strange = objects.save((tmp_path / "strange").read_bytes())
    no_tensors = objects.save(b"text")
    adapted = adapted_in(memory, models, tmp_path)
    with pytest.raises(Conflict, match="cannot be used"):
        adapted.of("shop", part_id(strange))
    with pytest.raises(Conflict, match="no safetensors"):
        adapted.of("shop", part_id(no_tensors))


def test_what_came_of_noncommercial_weights_needs_the_same_permission(
    memory: MemoryStorage, models: Models, tmp_path: Path
) -> None:
    notes = {NONCOMMERCIAL: "CC-BY-NC-4.0"}
    sha256 = NetworkStore(memory, "shop").save(weights_file(tmp_path / "embedder", **notes))
    with pytest.raises(Conflict, match="ALLOW_NONCOMMERCIAL"):
        adapted_in(memory, models, tmp_path).of("shop", part_id(sha256))
    allowed = adapted_in(memory, models, tmp_path, any_licence=True)
    assert allowed.weights_of("shop", part_id(sha256)) is not None


def test_a_part_id_says_which_file_and_how_pictures_are_prepared() -> None:
    named = parse_part_id(part_id("0123456789abcdef" * 4))
    assert named is not None
    assert (named.digest, named.options) == ("0123456789abcdef", OPTIONS)
    assert parse_part_id("embedder-0123456789abcdef-fill9-64") is None
    assert named.stands_beside(())
    assert parse_part_id("colour-3x3-6-8") is None


def test_networks_stand_beside_the_process_s_colours(
    memory: MemoryStorage, models: Models, tmp_path: Path
) -> None:
    path = tmp_path / "embedder.safetensors"
    sha256 = NetworkStore(memory, "shop").save(weights_file(path))
    weights = Weights(Network.EMBEDDER, path, sha256, OPTIONS)
    runtime = choose_runtime(Device.REFERENCE, tmp_path, threads=1)
    beside = [some_colours("0" * 64)]
    coloured = with_embedder(models, NetworkEmbedder(runtime.load(weights), beside))
    adapted = adapted_in(memory, coloured, tmp_path)

    made = adapted.of("shop", embedder_part_id(weights, adapted.companions))
    assert made is not None
    assert made.networks.embedder.embed([printed(1)]).shape == (1, 256 + 3)
    alone = adapted.of("shop", embedder_part_id(weights))
    assert alone is not None
    assert alone.networks.embedder.embed([printed(1)]).shape == (1, 256)
    with pytest.raises(Conflict, match="beside other colours"):
        adapted.of("shop", embedder_part_id(weights, [some_colours("1" * 64)]))


def test_catalogs_from_before_a_companion_are_served_without_it(
    memory: MemoryStorage, models: Models, tmp_path: Path
) -> None:
    path = tmp_path / "embedder.safetensors"
    weights_file(path)
    weights = Weights.of_file(Network.EMBEDDER, path, OPTIONS)
    network = choose_runtime(Device.REFERENCE, tmp_path, threads=1).load(weights)
    colours = some_colours("0" * 64)
    present = with_embedder(models, NetworkEmbedder(network, [colours, some_colours("1" * 64)]))
    adapted = adapted_in(memory, present, tmp_path)
    for companions in ([], [colours]):
        earlier = adapted.of("shop", embedder_part_id(weights, companions))
        assert earlier is not None
        size = 256 + 3 * len(companions)
        assert earlier.networks.embedder.embed([printed(1)]).shape == (1, size)
    assert adapted.of("shop", embedder_part_id(weights, [some_colours("2" * 64)])) is None


def some_colours(sha256: str) -> ColourBasis:
    return ColourBasis(
        np.zeros(LAYOUT_SIZE, np.float32), np.eye(LAYOUT_SIZE, 3, dtype=np.float32), sha256
    )
