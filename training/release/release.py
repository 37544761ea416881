"""Measures finished runs and enters their networks into a weights folder."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from matcher.networks.devices import Device, choose_runtime
from matcher.networks.weights import WeightsEntry
from training.data.sources import TrainingData
from training.release.comparator import release_comparator
from training.release.keypoints import (
    GlueRelease,
    release_lightglue,
    release_superglue,
    release_superpoint,
)
from training.release.proposer import release_proposer
from training.release.recognition import (
    release_codebook,
    release_colours,
    release_decision,
    release_detector,
    release_embedder,
    release_features,
)
from training.superglue.front_ends import FrontEndChoice, FrontEndKind


@dataclass(frozen=True, slots=True)
class FinishedRuns:
    """Finished runs, by the folders or files they wrote; None leaves what the weights folder has.

    Attributes:
        data: the data folder.
        detector: the detector's run.
        embedder: the embedder's run; it is measured with the detector and colours of the weights
            folder, which come first.
        colours: a file of `skulens train colours`.
        comparator: the comparator's run.
        superpoint: SuperPoint's run.
        superglue: SuperGlue's run, and how it will serve.
        decision: a file of `skulens train decision`. It fits the networks that it was fitted with,
            so it comes last.
        proposer: the proposer's run.
        codebook: a file of `skulens train keypoint-codebook`.
        lightglue: LightGlue's run, and how it will serve.
        features: a file of `skulens train features`.
    """

    data: Path
    detector: Path | None = None
    embedder: Path | None = None
    colours: Path | None = None
    comparator: Path | None = None
    superpoint: Path | None = None
    superglue: GlueRelease | None = None
    decision: Path | None = None
    proposer: Path | None = None
    codebook: Path | None = None
    lightglue: GlueRelease | None = None
    features: Path | None = None


def release_networks(runs: FinishedRuns, folder: Path) -> Iterator[WeightsEntry]:
    """Measure each run and write its weights; yield the manifest entry of each as it is written.

    Blocks for minutes: hundreds of photos go through the networks.

    Raises:
        TrainingError: a checkpoint or the data folder is not complete, or the embedder's figures
            need a detector and colours, and the folder has none either.
        WeightsError: weights cannot be read.
    """
    data = TrainingData.open(runs.data)
    if runs.detector:
        yield release_detector(data, runs.detector, folder)
    if runs.colours:
        yield release_colours(runs.colours, folder)
    if runs.features:
        yield release_features(runs.features, folder)
    if runs.codebook:
        yield release_codebook(runs.codebook, folder)
    if runs.embedder:
        yield release_embedder(data, runs.embedder, folder)
    if runs.comparator:
        networks = runs.comparator / "networks"
        front_end = FrontEndChoice(FrontEndKind.ROOTSIFT, folder, networks).open()
        yield release_comparator(data, runs.comparator, front_end, folder)
    if runs.superpoint:
        yield release_superpoint(data, runs.superpoint, folder)
    if runs.superglue:
        yield release_superglue(runs.superglue, folder)
    if runs.lightglue:
        yield release_lightglue(runs.lightglue, folder)
    if runs.proposer:
        runtime = choose_runtime(Device.CPU, runs.proposer / "networks")
        yield release_proposer(data, runs.proposer, runtime, folder)
    if runs.decision:
        yield release_decision(runs.decision, folder)
