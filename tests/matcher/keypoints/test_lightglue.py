"""LightGlue as a matcher: against torch, and what its probabilities mean."""

from pathlib import Path

import numpy as np
import pytest

from matcher.errors import MatcherError
from matcher.keypoints.lightglue import LightGlueMatcher
from matcher.networks.openvino_runtime import OpenVinoRuntime
from matcher.networks.runtime import Runtime
from matcher.networks.weights import Network, Weights, read_state
from tests.matcher.keypoints.pairing import batch_of, features, shuffled


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    import torch
    from safetensors.torch import save_file

    from superglue.lightglue import LightGlue, LightGlueSizes

    torch.manual_seed(0)
    network = LightGlue(LightGlueSizes(32, width=32, layers=2))
    with torch.no_grad():
        torch.nn.init.orthogonal_(network.input_proj.weight).mul_(2)
        torch.nn.init.eye_(network.assignment.final_proj.weight).mul_(2)
        network.assignment.matchability.bias.fill_(2.0)
    path = tmp_path_factory.mktemp("lightglue") / "lightglue.safetensors"
    save_file(network.state_dict(), path)
    return Weights.of_file(Network.LIGHTGLUE, path, {"match_threshold": 0.02})


@pytest.mark.parametrize("fast", [False, True])
def test_pairs_are_those_of_the_torch_module(
    weights: Weights, reference: Runtime, openvino: OpenVinoRuntime, fast: bool
) -> None:
    import torch

    from matcher.networks.graphs import build_network
    from superglue.lightglue import LightGlue

    state = read_state(weights.path, weights.sha256)
    module = build_network(Network.LIGHTGLUE, state, {}, "lightglue")
    assert isinstance(module, LightGlue)
    query = features(70, 1)
    other, _ = shuffled(query, 50, 2)
    with torch.inference_mode():
        expected = module.match(batch_of(query), batch_of(other), 0.02)
    theirs = {i: j for i, j in enumerate(expected.matches0[0].tolist()) if j >= 0}
    runtime = openvino if fast else reference

    (found,) = LightGlueMatcher(runtime.load(weights)).match(query, [other])

    ours = dict(zip(found.query.tolist(), found.reference.tolist(), strict=True))
    assert len(theirs) > 10
    if fast:
        agreed = sum(theirs.get(i) == j for i, j in ours.items())
        assert agreed >= 0.9 * max(len(theirs), len(ours))
    else:
        assert ours == theirs
        np.testing.assert_allclose(
            found.scores, expected.scores0[0][found.query].numpy(), atol=1e-4
        )


def test_several_references_in_one_call_give_what_they_give_alone(
    weights: Weights, reference: Runtime
) -> None:
    matcher = LightGlueMatcher(reference.load(weights))
    query = features(40, 1)
    others = [features(count, 10 + count) for count in (30, 0, 7)]

    together = matcher.match(query, others)

    for found, other in zip(together, others, strict=True):
        (alone,) = matcher.match(query, [other])
        assert found.reference.tolist() == alone.reference.tolist()


def test_a_keypoint_that_surely_has_no_partner_is_in_no_pair(
    weights: Weights, reference: Runtime
) -> None:
    matcher = LightGlueMatcher(reference.load(weights))
    alone, sought = np.zeros((1, 33), np.float32), np.zeros((1, 33), np.float32)
    alone[0, -1], sought[0, -1] = -1000, 1000
    assert matcher.probabilities(alone, sought) == pytest.approx(0)
    assert matcher.probabilities(sought, sought) == pytest.approx(1)


def test_foreign_descriptors_are_refused(weights: Weights, reference: Runtime) -> None:
    matcher = LightGlueMatcher(reference.load(weights))
    with pytest.raises(MatcherError, match="lightglue pairs descriptors of length 32, not 128"):
        matcher.match(features(5, 1), [features(5, 2, dimension=128)])


def test_nothing_pairs_with_nothing(weights: Weights, reference: Runtime) -> None:
    matcher = LightGlueMatcher(reference.load(weights))
    assert [len(found) for found in matcher.match(features(0, 1), [features(3, 2)])] == [0]
    assert matcher.match(features(3, 1), []) == []


def test_a_file_that_is_no_lightglue_is_refused(tmp_path: Path, reference: Runtime) -> None:
    import torch
    from safetensors.torch import save_file

    from matcher.errors import WeightsError

    save_file({"some.weight": torch.zeros(3)}, tmp_path / "other.safetensors")
    broken = Weights.of_file(Network.LIGHTGLUE, tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match="no lightglue"):
        reference.load(broken)
