"""Every runtime against the torch float32 reference, and the cache's bad days."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from matcher.errors import RuntimeUnavailable, WeightsError
from matcher.networks.devices import Device, choose_runtime
from matcher.networks.openvino_runtime import OpenVinoRuntime
from matcher.networks.runtime import Array, LoadedNetwork, Runtime
from matcher.networks.weights import Network, Weights
from tests.matcher.networks.kinds import TRAINED_NETWORKS

Files = dict[Network, Weights]


def torch_has_cuda() -> bool:
    from matcher.networks.torch_runtime import cuda_works

    return cuda_works()


def inputs(function: str) -> tuple[Array, ...]:
    generator = np.random.default_rng(0)

    def noise(*shape: int) -> NDArray[np.float32]:
        return generator.random(shape, dtype=np.float32)

    def blocks(side: int) -> NDArray[np.float32]:
        small = noise(1, 3, 160 // side, 256 // side)
        return np.kron(small, np.ones((1, 1, side, side), dtype=np.float32))

    mask0, mask1 = np.ones((2, 40), dtype=np.bool_), np.ones((2, 30), dtype=np.bool_)
    mask0[0, 25:] = False
    return {
        "detect": ((blocks(32) + blocks(8) + blocks(4)) / np.float32(3),),
        "embed": (noise(2, 3, 64, 64),),
        "extract": (noise(1, 1, 96, 120),),
        "compare": (noise(2, 3, 96, 64), noise(2, 3, 96, 64)),
        "encode": (noise(2, 40, 3), noise(2, 40, 32)),
        "attend": (noise(2, 40, 32), mask0, noise(2, 30, 32), mask1),
    }[function]


def assert_alike(
    ours: LoadedNetwork, theirs: LoadedNetwork, cosine: float, relative: float
) -> None:
    """Same direction, and nowhere further off than a share of the largest number."""
    assert ours.facts == pytest.approx(theirs.facts)
    assert ours.functions.keys() == theirs.functions.keys()
    for name, function in ours.functions.items():
        given = inputs(name)
        outputs = zip(function(*given), theirs.functions[name](*given), strict=True)
        for actual, expected in outputs:
            assert actual.dtype == np.float32
            assert actual.shape == expected.shape
            a, b = actual.ravel().astype(np.float64), expected.ravel().astype(np.float64)
            alike = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
            assert alike > cosine, name
            assert np.abs(a - b).max() < relative * np.abs(b).max(), name


@pytest.mark.parametrize("network", TRAINED_NETWORKS)
def test_openvino_in_float32_equals_torch(
    network: Network, random_weights: Files, reference: Runtime, network_cache: Path
) -> None:
    exact = OpenVinoRuntime(network_cache, threads=1, exact=True)
    assert exact.name.endswith("f32")
    weights = random_weights[network]

    assert_alike(exact.load(weights), reference.load(weights), 1 - 1e-7, 1e-4)


@pytest.mark.parametrize("network", TRAINED_NETWORKS)
def test_openvino_in_its_fast_arithmetic_is_close_to_torch(
    network: Network, random_weights: Files, reference: Runtime, openvino: OpenVinoRuntime
) -> None:
    weights = random_weights[network]
    # Sixty random layers amplify rounding more than trained ones; boxes are compared elsewhere.
    cosine, relative = (0.99, 0.3) if network is Network.DETECTOR else (0.999, 0.08)

    assert_alike(openvino.load(weights), reference.load(weights), cosine, relative)


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


def test_sizes_that_were_not_traced_are_welcome(
    random_weights: Files, reference: Runtime, openvino: OpenVinoRuntime
) -> None:
    weights = random_weights[Network.DETECTOR]
    for shape in ((1, 3, 64, 64), (2, 3, 96, 32)):
        picture = np.random.default_rng(1).random(shape, dtype=np.float32)
        (actual,) = openvino.load(weights).functions["detect"](picture)
        (expected,) = reference.load(weights).functions["detect"](picture)
        assert actual.shape == expected.shape


def serve_once(cache: Path, weights: Weights, home: Path) -> str:
    """Load and call a network in a fresh process; return what it prints."""
    program = (
        "import sys, numpy as np\n"
        "from pathlib import Path\n"
        "from matcher.networks.devices import Device, choose_runtime\n"
        "from matcher.networks.weights import Network, Weights\n"
        "import matcher.detection.detector, matcher.retrieval.embedder\n"
        "import matcher.keypoints.superglue, matcher.keypoints.superpoint\n"
        f"weights = Weights(Network('{weights.network}'), Path({str(weights.path)!r}),"
        f" '{weights.sha256}')\n"
        f"runtime = choose_runtime(Device.CPU, Path({str(cache)!r}), threads=1)\n"
        "(maps, _) = runtime.load(weights).functions['extract'](np.zeros((1, 1, 32, 32), 'f'))\n"
        "print(maps.shape, *sorted({'torch', 'ultralytics'} & set(sys.modules)))\n"
    )
    environment = {**os.environ, "HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[3])}
    answer = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return answer.stdout.strip()


def test_only_the_first_process_needs_torch_and_none_writes_at_home(
    random_weights: Files, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    weights = random_weights[Network.SUPERPOINT]

    assert serve_once(tmp_path / "cache", weights, home) == "(1, 65, 4, 4) torch"
    assert serve_once(tmp_path / "cache", weights, home) == "(1, 65, 4, 4)"
    assert list(home.iterdir()) == []


def calls(runtime: Runtime, weights: Weights) -> tuple[int, ...]:
    maps, _ = runtime.load(weights).functions["extract"](np.zeros((1, 1, 32, 32), np.float32))
    return maps.shape


@pytest.mark.parametrize("pattern", ["exported/*/*.xml", "exported/*/*.bin", "compiled/*"])
def test_a_broken_cache_is_made_again(random_weights: Files, tmp_path: Path, pattern: str) -> None:
    weights = random_weights[Network.SUPERPOINT]
    assert calls(OpenVinoRuntime(tmp_path, threads=1), weights) == (1, 65, 4, 4)
    broken = list(tmp_path.glob(pattern))
    assert broken
    for file in broken:
        half = file.read_bytes()[: file.stat().st_size // 2]
        file.unlink()
        file.write_bytes(half)

    assert calls(OpenVinoRuntime(tmp_path, threads=1), weights) == (1, 65, 4, 4)


def test_what_another_process_exported_meanwhile_is_taken(
    random_weights: Files, tmp_path: Path
) -> None:
    weights = random_weights[Network.SUPERPOINT]
    first, second = (OpenVinoRuntime(tmp_path / name, threads=1) for name in ("a", "b"))
    first.prepare(weights)
    second.prepare(weights)
    (theirs,) = (tmp_path / "a/exported").iterdir()
    (ours,) = (tmp_path / "b/exported").iterdir()

    assert theirs.name == ours.name
    first.prepare(weights)
    assert [path.name for path in theirs.parent.iterdir()] == [theirs.name]


def test_what_changes_the_graph_is_exported_apart_and_nothing_else(
    random_weights: Files, tmp_path: Path
) -> None:
    runtime = OpenVinoRuntime(tmp_path, threads=1)
    weights = random_weights[Network.SUPERGLUE]

    runtime.prepare(weights)
    runtime.prepare(replace(weights, options={"heads": 2.0}))
    runtime.prepare(replace(weights, options={"match_threshold": 0.3}))

    assert len(list((tmp_path / "exported").iterdir())) == 2


def test_a_changed_weights_file_is_refused_even_if_it_was_exported_before(
    random_weights: Files, tmp_path: Path
) -> None:
    path = tmp_path / "copy.safetensors"
    shutil.copyfile(random_weights[Network.SUPERPOINT].path, path)
    weights = Weights.of_file(Network.SUPERPOINT, path)
    runtime = OpenVinoRuntime(tmp_path / "cache", threads=1)
    runtime.prepare(weights)
    path.write_bytes(path.read_bytes()[:-4] + b"evil")

    with pytest.raises(WeightsError, match="is not the file it should be"):
        runtime.load(weights)


def test_weights_of_another_network_are_refused(
    random_weights: Files, network_cache: Path, reference: Runtime
) -> None:
    wrong = replace(random_weights[Network.SUPERPOINT], network=Network.SUPERGLUE)

    for runtime in (OpenVinoRuntime(network_cache, threads=1), reference):
        with pytest.raises(WeightsError, match=r"superpoint\.safetensors is no superglue"):
            runtime.prepare(wrong)


def test_a_cache_that_cannot_be_written_is_reported_with_its_place(
    random_weights: Files, tmp_path: Path
) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file, not a folder")
    runtime = OpenVinoRuntime(blocked, threads=1)

    with pytest.raises(RuntimeUnavailable, match=r"cannot keep compiled networks in .*blocked"):
        runtime.load(random_weights[Network.SUPERPOINT])


def test_cuda_where_there_is_none_is_refused_and_auto_takes_the_cpu(tmp_path: Path) -> None:
    if torch_has_cuda():
        pytest.skip("there is CUDA here")
    with pytest.raises(RuntimeUnavailable, match="SKULENS_DEVICE=cpu"):
        choose_runtime(Device.CUDA, tmp_path)
    assert choose_runtime(Device.AUTO, tmp_path).name.startswith("OpenVINO")
    assert choose_runtime(Device.REFERENCE, tmp_path).name == "torch cpu float32"
