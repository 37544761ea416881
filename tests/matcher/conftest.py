"""Networks with random weights on disk, and the runtimes that load them."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from matcher.networks.openvino_runtime import OpenVinoRuntime
from matcher.networks.runtime import Runtime
from matcher.networks.weights import Network, Weights


@pytest.fixture(scope="session")
def random_weights(tmp_path_factory: pytest.TempPathFactory) -> dict[Network, Weights]:
    """One file per network, see `lively_networks`."""
    # Torch takes seconds: it is imported by the first test that needs it, not by all.
    from safetensors.torch import save_file

    from tests.matcher.networks.lively import lively_networks

    folder = tmp_path_factory.mktemp("weights")
    files = {}
    for network, module in lively_networks().items():
        path = folder / f"{network}.safetensors"
        save_file(module.state_dict(), path)
        files[network] = Weights.of_file(network, path)
    return files


@pytest.fixture(scope="session")
def reference() -> Runtime:
    """Torch float32, what everything is compared with."""
    from matcher.networks.torch_runtime import TorchRuntime

    return TorchRuntime("cpu", half=False)


@pytest.fixture(scope="session")
def network_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this run keeps exported and compiled networks."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def openvino(network_cache: Path) -> OpenVinoRuntime:
    """The CPU's fast arithmetic."""
    return OpenVinoRuntime(network_cache, threads=1)


@pytest.fixture(scope="session")
def photo() -> NDArray[np.uint8]:
    """A (180, 260, 3) picture with structure at several sizes."""
    generator = np.random.default_rng(7)
    picture = np.zeros((180, 260, 3), dtype=np.float64)
    for step in (60, 20, 5):
        coarse = generator.random((-(-180 // step), -(-260 // step), 3))
        picture += np.kron(coarse, np.ones((step, step, 1)))[:180, :260]
    return (picture / 3 * 255).astype(np.uint8)
