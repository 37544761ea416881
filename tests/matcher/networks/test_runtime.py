"""Every runtime against the torch float32 reference, and the choice of one."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from matcher.errors import RuntimeUnavailable, WeightsError
from matcher.networks.devices import Device, choose_runtime
from matcher.networks.openvino_runtime import OpenVinoRuntime
from matcher.networks.runtime import Runtime
from matcher.networks.weights import Network, Weights
from tests.matcher.networks.comparing import assert_alike, inputs
from tests.matcher.networks.kinds import TRAINED_NETWORKS

Files = dict[Network, Weights]


def torch_has_cuda() -> bool:
    from matcher.networks.torch_runtime import cuda_works

    return cuda_works()


@pytest.mark.parametrize("network", TRAINED_NETWORKS)
def test_half_precision_torch_is_close_to_torch(
    network: Network, random_weights: Files, reference: Runtime
) -> None:
    from matcher.networks.torch_runtime import TorchRuntime

    weights = random_weights[network]

    assert_alike(TorchRuntime("cpu", half=True).load(weights), reference.load(weights), 0.999, 0.05)


@pytest.mark.gpu
@pytest.mark.parametrize("network", TRAINED_NETWORKS)
def test_cuda_is_close_to_torch(
    network: Network, random_weights: Files, reference: Runtime
) -> None:
    if not torch_has_cuda():
        pytest.skip("no CUDA here")
    weights = random_weights[network]
    cuda = choose_runtime(Device.CUDA, Path("unused"))

    assert_alike(cuda.load(weights), reference.load(weights), 0.999, 0.05)


def test_coordinates_stay_exact_in_every_arithmetic(
    random_weights: Files, reference: Runtime, openvino: OpenVinoRuntime
) -> None:
    from matcher.networks.torch_runtime import TorchRuntime

    weights = random_weights[Network.SUPERGLUE]
    (expected,) = reference.load(weights).functions["encode"](*inputs("encode"))

    for runtime in (openvino, TorchRuntime("cpu", half=True)):
        (actual,) = runtime.load(weights).functions["encode"](*inputs("encode"))
        np.testing.assert_allclose(actual, expected, atol=1e-5)


def test_weights_of_another_network_are_refused(
    random_weights: Files, network_cache: Path, reference: Runtime
) -> None:
    wrong = replace(random_weights[Network.SUPERPOINT], network=Network.SUPERGLUE)

    for runtime in (OpenVinoRuntime(network_cache, threads=1), reference):
        with pytest.raises(WeightsError, match=r"superpoint\.safetensors is no superglue"):
            runtime.prepare(wrong)


def test_cuda_where_there_is_none_is_refused_and_auto_takes_the_cpu(tmp_path: Path) -> None:
    if torch_has_cuda():
        pytest.skip("there is CUDA here")
    with pytest.raises(RuntimeUnavailable, match="SKULENS_DEVICE=cpu"):
        choose_runtime(Device.CUDA, tmp_path)
    assert choose_runtime(Device.AUTO, tmp_path).name.startswith("OpenVINO")
    assert choose_runtime(Device.REFERENCE, tmp_path).name == "torch cpu float32"
