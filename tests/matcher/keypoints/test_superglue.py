"""SuperGlue as a matcher: against torch, batched and alone, and with nothing to pair."""

from pathlib import Path

import numpy as np
import pytest

from matcher.errors import MatcherError
from matcher.keypoints.features import Correspondences, LocalFeatures
from matcher.keypoints.superglue import SuperGlueMatcher, SuperGlueSettings
from matcher.networks.openvino_runtime import OpenVinoRuntime
from matcher.networks.runtime import Runtime
from matcher.networks.weights import Network, Weights, read_state
from tests.matcher.keypoints.pairing import batch_of, features, shuffled

Files = dict[Network, Weights]
LENIENT = SuperGlueSettings(threshold=0.02, iterations=50)


@pytest.fixture
def weights(random_weights: Files) -> Weights:
    return random_weights[Network.SUPERGLUE]


@pytest.fixture
def matcher(weights: Weights, openvino: OpenVinoRuntime) -> SuperGlueMatcher:
    return SuperGlueMatcher(openvino.load(weights), LENIENT)


def pairs(found: Correspondences) -> dict[int, int]:
    return dict(zip(found.query.tolist(), found.reference.tolist(), strict=True))


@pytest.mark.parametrize("fast", [False, True])
def test_pairs_are_those_of_the_torch_module(
    weights: Weights, reference: Runtime, openvino: OpenVinoRuntime, fast: bool
) -> None:
    import torch

    from matcher.networks.graphs import build_network
    from superglue.superglue import SuperGlue

    module = build_network(
        Network.SUPERGLUE, read_state(weights.path, weights.sha256), {}, "superglue"
    )
    assert isinstance(module, SuperGlue)
    module.iterations = LENIENT.iterations
    query = features(70, 1)
    other, _ = shuffled(query, 50, 2)
    with torch.inference_mode():
        expected = module.match(batch_of(query), batch_of(other), LENIENT.threshold)
    theirs = {i: j for i, j in enumerate(expected.matches0[0].tolist()) if j >= 0}
    runtime = openvino if fast else reference

    (found,) = SuperGlueMatcher(runtime.load(weights), LENIENT).match(query, [other])

    ours = pairs(found)
    assert len(theirs) > 10
    if fast:
        agreed = sum(theirs.get(i) == j for i, j in ours.items())
        assert agreed >= 0.9 * max(len(theirs), len(ours))
    else:
        assert ours == theirs
        np.testing.assert_allclose(
            found.scores, expected.scores0[0][found.query].numpy(), atol=1e-4
        )
    assert found.query.dtype == found.reference.dtype == np.int64
    assert found.scores.dtype == np.float32


def test_several_references_in_one_call_give_what_they_give_alone(
    weights: Weights, reference: Runtime
) -> None:
    matcher = SuperGlueMatcher(reference.load(weights), LENIENT)
    query = features(40, 1)
    counts = (30, 0, 7, 90, 1, 0, 64, 65, 3, 12, 5)
    references = [features(count, seed=10 + count) for count in counts]
    references[3], _ = shuffled(query, 25, 4)

    together = matcher.match(query, references)

    assert len(together) == len(references)
    for found, other in zip(together, references, strict=True):
        (alone,) = matcher.match(query, [other])
        assert pairs(found) == pairs(alone)
        np.testing.assert_allclose(found.scores, alone.scores, atol=1e-5)
    assert len(together[3]) > 5


def test_nothing_pairs_with_nothing(matcher: SuperGlueMatcher) -> None:
    some, none = features(9, 1), features(0, 2)

    assert matcher.match(some, []) == []
    assert [len(found) for found in matcher.match(none, [some, none])] == [0, 0]
    assert [len(found) for found in matcher.match(some, [none])] == [0]


def test_a_keypoint_has_one_partner_at_most(matcher: SuperGlueMatcher) -> None:
    query = features(60, 5)
    other, _ = shuffled(query, 60, 6)

    (found,) = matcher.match(query, [other])

    assert len(set(found.query.tolist())) == len(set(found.reference.tolist())) == len(found)
    assert ((found.scores > 0.02) & (found.scores <= 1)).all()


def test_foreign_descriptors_are_refused(matcher: SuperGlueMatcher) -> None:
    with pytest.raises(MatcherError, match="length 32, not 128"):
        matcher.match(features(5, 1), [features(5, 2, dimension=128)])


def test_a_network_for_oriented_keypoints_of_another_length_is_served(
    tmp_path_factory: pytest.TempPathFactory, reference: Runtime
) -> None:
    import torch
    from safetensors.torch import save_file

    from superglue.superglue import SuperGlue, SuperGlueSizes

    torch.manual_seed(0)
    sizes = SuperGlueSizes(descriptors=128, width=32, layers=2, geometry=6, encoder=(8,))
    path = tmp_path_factory.mktemp("rootsift") / "superglue.safetensors"
    save_file(SuperGlue(sizes).state_dict(), path)
    weights = Weights.of_file(Network.SUPERGLUE, path, {"sinkhorn_iterations": 20.0})

    matcher = SuperGlueMatcher(reference.load(weights))

    assert matcher.settings.iterations == 20
    (found,) = matcher.match(features(20, 1, 128), [features(30, 2, 128)])
    assert len(found) <= 20


@pytest.mark.data
def test_the_published_numbers_come_out_of_the_serving_path(
    shared_data: Path, network_cache: Path
) -> None:
    parity = shared_data.parent / "parity"
    weights = Weights.of_file(
        Network.SUPERGLUE,
        parity / "superglue_random_2layers.safetensors",
        {"sinkhorn_iterations": 20.0},
    )
    given = np.load(parity / "superglue_io.npz")
    first, second = (
        LocalFeatures(
            points=given[f"keypoints{side}"][0],
            scales=np.ones_like(given[f"scores{side}"][0]),
            angles=np.zeros_like(given[f"scores{side}"][0]),
            scores=given[f"scores{side}"][0],
            descriptors=given[f"descriptors{side}"][0].T,
            width=int(given[f"size{side}"][0]),
            height=int(given[f"size{side}"][1]),
        )
        for side in (0, 1)
    )
    exact = OpenVinoRuntime(network_cache, threads=1, exact=True)

    (found,) = SuperGlueMatcher(exact.load(weights)).match(first, [second])

    expected = given["matches0"][0]
    assert pairs(found) == {i: j for i, j in enumerate(expected.tolist()) if j >= 0}
    np.testing.assert_allclose(found.scores, given["matching_scores0"][0][found.query], atol=1e-4)
