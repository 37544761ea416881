"""OpenVINO against the torch float32 reference, and the cache's bad days."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matcher.errors import RuntimeUnavailable, WeightsError
from matcher.networks.openvino_runtime import OpenVinoFunction, OpenVinoRuntime
from matcher.networks.runtime import Array, Runtime
from matcher.networks.weights import Network, Weights, read_manifest
from tests.matcher.networks.comparing import assert_alike
from tests.matcher.networks.kinds import TRAINED_NETWORKS

Files = dict[Network, Weights]


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


@pytest.mark.parametrize(
    "pattern", ["exported/*/*.xml", "exported/*/*.bin", "exported/*/facts.json", "compiled/*"]
)
def test_a_world_cache_that_is_broken_is_made_again(
    random_weights: Files, tmp_path: Path, pattern: str
) -> None:
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


def test_a_cache_that_cannot_be_written_is_reported_with_its_place(
    random_weights: Files, tmp_path: Path
) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file, not a folder")
    runtime = OpenVinoRuntime(blocked, threads=1)

    with pytest.raises(RuntimeUnavailable, match=r"cannot keep compiled networks in .*blocked"):
        runtime.load(random_weights[Network.SUPERPOINT])


def test_a_function_compiles_once_and_only_when_it_is_called() -> None:
    class CompiledDouble:
        def create_infer_request(self) -> "CompiledDouble":
            return self

        def infer(self, arrays: list[Array], *, share_inputs: bool) -> dict[str, Array]:
            assert share_inputs
            assert all(array.flags["C_CONTIGUOUS"] for array in arrays)
            return {"sum": np.asarray(sum(arrays), np.float32)}

    compiled: list[CompiledDouble] = []

    def compile_graph() -> Any:
        compiled.append(CompiledDouble())
        return compiled[-1]

    function = OpenVinoFunction(compile_graph)
    assert compiled == []
    across = np.ones((4, 6), np.float32)[:, ::2]
    for _ in range(2):
        (total,) = function(across, across)
        assert total.tolist() == (across * 2).tolist()
    assert len(compiled) == 1


@pytest.mark.weights
def test_a_published_onnx_network_runs_from_its_package(openvino: OpenVinoRuntime) -> None:
    weights = read_manifest(Path(__file__).parents[3] / "weights").weights("faces-mtcnn-output")

    boxes, marks, faces = openvino.load(weights).functions["run"](np.zeros((2, 48, 48, 3), "f4"))

    assert (boxes.shape, marks.shape, faces.shape) == ((2, 4), (2, 10), (2, 2))
    assert np.allclose(faces.sum(axis=1), 1, atol=1e-5)
    assert (faces[:, 1] < 0.5).all()


@pytest.mark.weights
def test_an_onnx_network_stays_exact_unless_its_weights_say_that_it_need_not(
    tmp_path: Path,
) -> None:
    manifest = read_manifest(Path(__file__).parents[3] / "weights")
    runtime = OpenVinoRuntime(tmp_path, threads=1)
    runtime.prepare(manifest.weights("faces-mtcnn-refinement"))
    runtime.prepare(manifest.weights("faces-mtcnn-proposals"))
    facts = [file.read_text("utf-8") for file in tmp_path.glob("exported/*/facts.json")]
    assert sorted('"run": true' in fact for fact in facts) == [False, True]


def test_a_broken_onnx_file_is_refused(openvino: OpenVinoRuntime, tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"no network")

    with pytest.raises(WeightsError, match="cannot read the network"):
        openvino.load(Weights.of_file(Network.FACE_OUTPUT, path))
