from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from api.cli.bench.catalogs import pair_finders
from api.models.loading import Networks, decision_id, load_networks
from api.services import open_runtime
from api.settings import Settings
from matcher.errors import WeightsError
from matcher.keypoints.cascade import CascadeMatcher
from matcher.keypoints.guided_matching import GuidedMatcher
from matcher.keypoints.ratio_test import NearestNeighbourMatcher
from matcher.keypoints.rootsift import RootSift
from matcher.keypoints.superpoint import SuperPointFrontEnd
from matcher.networks.weights import (
    Network,
    WeightsEntry,
    WeightsManifest,
    read_manifest,
    sha256_of,
    write_manifest,
)
from tests.training.superglue.pairing import basis, keypoints
from training.decision.rootsift_basis import save_basis


def entry(folder: Path, network: Network) -> WeightsEntry:
    path = folder / f"{network.name.lower()}.safetensors"
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
        options={"sinkhorn_iterations": 5, "keypoints": 8, "closer": 1},
    )


def settings(folder: Path, *listed: Network) -> Settings:
    from safetensors.torch import save_file

    from superglue.superglue import SuperGlue, SuperGlueSizes
    from superglue.superpoint import SuperPoint, SuperPointSizes

    folder.mkdir(exist_ok=True)
    save_basis(basis(), folder / "keypoint_basis.safetensors")
    save_file(
        SuperGlue(SuperGlueSizes(16, 16, 2, 4, 6, (8,))).state_dict(),
        folder / "superglue.safetensors",
    )
    superpoint = SuperPoint(SuperPointSizes((4, 4, 4, 4), 4, 8))
    save_file(superpoint.state_dict(), folder / "superpoint.safetensors")
    entries = tuple(entry(folder, network) for network in (Network.KEYPOINT_BASIS, *listed))
    write_manifest(WeightsManifest(folder, entries))
    return Settings(weights=folder, cache_dir=folder)


def load_reference(made: Settings) -> Networks:
    return load_networks(made, open_runtime(made, "reference"))


def test_keypoints_are_paired_without_training_if_the_folder_has_no_networks(
    tmp_path: Path,
) -> None:
    networks = load_reference(settings(tmp_path))
    assert isinstance(networks.front_end, RootSift)
    assert isinstance(networks.matcher, NearestNeighbourMatcher)


def test_pairs_are_checked_by_one_another_if_the_keypoints_of_the_folder_ask_for_it(
    tmp_path: Path,
) -> None:
    made = settings(tmp_path)
    before = decision_id(made)
    (listed,) = read_manifest(tmp_path).entries
    write_manifest(WeightsManifest(tmp_path, (replace(listed, options={"consistent": 1}),)))
    assert isinstance(load_reference(made).matcher, GuidedMatcher)
    assert decision_id(made) != before


@pytest.mark.parametrize(
    ("consistent", "beside"), [(0, "checked by neighbours"), (1, "nearest neighbours alone")]
)
def test_both_ways_of_pairing_are_measured_whichever_is_shipped(
    tmp_path: Path, consistent: int, beside: str
) -> None:
    made = settings(tmp_path)
    (listed,) = read_manifest(tmp_path).entries
    write_manifest(
        WeightsManifest(tmp_path, (replace(listed, options={"consistent": consistent}),))
    )
    finders = pair_finders(load_reference(made), 100)
    assert [name for name, _ in finders] == ["skulens", beside]


def test_a_superglue_of_the_folder_takes_a_closer_look(tmp_path: Path) -> None:
    networks = load_reference(settings(tmp_path, Network.SUPERGLUE))
    assert isinstance(networks.matcher, CascadeMatcher)
    one = keypoints(30, 0)
    (found,) = networks.matcher.match(one, [one])
    assert set(range(30)) <= set(found.query.tolist())
    assert found.query.dtype == np.int64


def test_a_superpoint_of_the_folder_is_the_front_end(tmp_path: Path) -> None:
    networks = load_reference(settings(tmp_path, Network.SUPERPOINT))
    assert isinstance(networks.front_end, SuperPointFrontEnd)


def test_networks_that_do_not_fit_each_other_are_refused(tmp_path: Path) -> None:
    both = settings(tmp_path, Network.SUPERPOINT, Network.SUPERGLUE)
    with pytest.raises(WeightsError, match="of length 16, and the front end's have 8"):
        load_reference(both)


def test_what_a_calibration_was_made_with_has_a_name_of_its_own(tmp_path: Path) -> None:
    made = settings(tmp_path, Network.SUPERGLUE)
    before = decision_id(made)
    assert before == decision_id(made)
    assert len(before) == 12
    again = read_manifest(tmp_path)
    (basis_of, glue) = again.entries
    for other in (replace(glue, options={"closer": 2}), replace(glue, sha256="0" * 64)):
        write_manifest(WeightsManifest(tmp_path, (basis_of, other)))
        assert decision_id(made) != before
    described = replace(glue, command="another", figures={"auc": 0.9})
    write_manifest(WeightsManifest(tmp_path, (basis_of, described)))
    assert decision_id(made) == before
