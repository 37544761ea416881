"""The graphs of each network: their names and shapes, and what fits none."""

import pytest

from matcher.errors import WeightsError
from matcher.networks.weights import Network, Weights

GRAPHS: dict[Network, tuple[str, ...]] = {
    Network.DETECTOR: ("detect",),
    Network.EMBEDDER: ("embed",),
    Network.SUPERPOINT: ("extract",),
    Network.SUPERGLUE: ("encode", "attend"),
    Network.COMPARATOR: ("compare",),
}


@pytest.mark.parametrize("network", GRAPHS)
def test_every_network_has_its_graphs_whose_examples_fit_their_shapes(
    network: Network, random_weights: dict[Network, Weights]
) -> None:
    from matcher.networks.graphs import load_bundle

    bundle = load_bundle(random_weights[network])
    assert tuple(graph.name for graph in bundle.graphs) == GRAPHS[network]
    for graph in bundle.graphs:
        assert not graph.module.training
        assert graph.exact is (graph.name == "encode")  # coordinates are pixels only there
        for tensor, shape in zip(graph.example, graph.shapes, strict=True):
            assert tensor.dim() == len(shape)
            assert all(side in (-1, size) for side, size in zip(shape, tensor.shape, strict=True))


def test_numbers_that_are_no_graph_come_from_the_weights(
    random_weights: dict[Network, Weights],
) -> None:
    from matcher.networks.graphs import load_bundle

    facts = load_bundle(random_weights[Network.SUPERGLUE]).facts
    assert (facts["descriptors"], facts["geometry"]) == (32, 3)
    assert isinstance(facts["bin_score"], float)
    assert load_bundle(random_weights[Network.SUPERPOINT]).facts == {"descriptors": 32}
    assert load_bundle(random_weights[Network.DETECTOR]).facts == {}


def test_tracing_leaves_torch_its_threads(random_weights: dict[Network, Weights]) -> None:
    import torch

    from matcher.networks.graphs import load_traced_bundle

    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        (graph,) = load_traced_bundle(random_weights[Network.SUPERPOINT]).graphs
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert isinstance(graph.module, torch.jit.ScriptModule)


@pytest.mark.parametrize("network", [Network.DETECTOR, Network.SUPERPOINT, Network.SUPERGLUE])
def test_weights_without_what_tells_their_size_are_refused_by_name(network: Network) -> None:
    from matcher.networks.graphs import build_network

    with pytest.raises(WeightsError, match=rf"^a\.pt is no {network}: .* does not fit\."):
        build_network(network, {}, {}, "a.pt")


def test_a_detector_of_an_unknown_scale_is_refused() -> None:
    import torch

    from matcher.networks.graphs import build_network

    state = {"model.0.conv.weight": torch.zeros(17, 3, 6, 6)}
    with pytest.raises(WeightsError, match="is no detector: 17 does not fit"):
        build_network(Network.DETECTOR, state, {}, "a.pt")


@pytest.mark.parametrize("network", [Network.KEYPOINT_BASIS, Network.COLOURS, Network.DECISION])
def test_tables_are_no_networks(network: Network) -> None:
    from matcher.networks.graphs import build_network

    with pytest.raises(WeightsError, match="are no network that is built in torch"):
        build_network(network, {}, {}, "table.npz")
