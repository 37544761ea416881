"""Networks and calibration from a weights folder, composed to what finds and encodes products."""

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2

from api.models.words import load_word_reader
from api.settings import Settings
from catalog.encodings.encoding import KeypointCoder
from matcher.decision.decision import Decision
from matcher.decision.fit import read_weights
from matcher.detection.augmented import augment_for_photos
from matcher.detection.detector import Detector, YoloDetector
from matcher.detection.proposals import PrintDetector
from matcher.errors import PackageMissing, WeightsError
from matcher.keypoints.cascade import CascadeMatcher
from matcher.keypoints.closer_look import CloserLook
from matcher.keypoints.codebook import CodebookCoder, read_codebook
from matcher.keypoints.features import FrontEnd, KeypointMatcher
from matcher.keypoints.guided_matching import GuidedMatcher
from matcher.keypoints.lightglue import LightGlueMatcher
from matcher.keypoints.ratio_test import NearestNeighbourMatcher
from matcher.keypoints.rootsift import RootSift, read_basis
from matcher.keypoints.superglue import SuperGlueMatcher
from matcher.keypoints.superpoint import SuperPointFrontEnd
from matcher.networks.runtime import LoadedNetwork, Runtime
from matcher.networks.weights import (
    RECOGNITION,
    Network,
    WeightsManifest,
    read_manifest,
)
from matcher.pipeline import Pipeline, PipelineSettings, Stages
from matcher.retrieval.colour_layout import read_colour_basis
from matcher.retrieval.companions import Companion
from matcher.retrieval.embedder import Embedder, NetworkEmbedder
from matcher.retrieval.encoder import ReferenceEncoder, reference_encoder
from matcher.retrieval.image_features import ImageFeatures, read_feature_axes
from matcher.retrieval.reference import ReferenceCache
from matcher.retrieval.shortlist import Shortlister
from matcher.retrieval.untrained import ColourEmbedder
from matcher.verification.comparator import Comparator, NetworkComparator, PlainComparator
from matcher.verification.twin_test import TwinTest
from matcher.verification.verifier import Verifier
from matcher.verification.word_test import WordTest
from matcher.words.word_reader import WordReader

_logger: Final = logging.getLogger(__name__)
# Probability from which a catalog without a calibration says `identical`. It is high because the
# more boxes are matched, the more often a near-twin is likely by chance.
IDENTICAL_FROM: Final = 0.91
_WEIGHT: Final = "weight"  # option of the features' axes, see `retrieval.companions`
_LOOKED_AT_CLOSER: Final = 4  # references of a shortlist; attention takes most of the time


@dataclass(frozen=True, slots=True, eq=False)
class Networks:
    """The networks of a pipeline, or what stands in for them without training.

    Attributes:
        detector: finds what may be a product.
        embedder: one vector per picture, for the shortlist.
        front_end: finds and describes keypoints.
        matcher: pairs them.
        comparator: tells how much a picture differs from a reference that it was aligned with.
        coder: quantises the keypoints' descriptors, so that they vote in a whole catalog; None
            where no codebook belongs to the front end.
        reader: reads what is printed on products; None where it is missing or not wanted.
    """

    detector: Detector
    embedder: Embedder
    front_end: FrontEnd
    matcher: KeypointMatcher
    comparator: Comparator
    coder: KeypointCoder | None = None
    reader: WordReader | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Models:
    """Networks and what is composed of them.

    Attributes:
        networks: loaded.
        decision: calibrated.
        pipeline: finds products.
        encoder: encodes reference pictures for the catalog.
    """

    networks: Networks
    decision: Decision
    pipeline: Pipeline
    encoder: ReferenceEncoder


def load_models(settings: Settings, runtime: Runtime) -> Models:
    """Load the networks of the weights folder; blocks for a second or more.

    Args:
        settings: name the folder, and the threads of OpenCV.
        runtime: runs the networks.

    Raises:
        WeightsError: weights are missing, changed or broken, or their licence forbids the use.
    """
    if settings.threads:
        cv2.setNumThreads(settings.threads)
    networks = load_networks(settings, runtime)
    decision = load_decision(settings)
    return Models(
        networks=networks,
        decision=decision,
        pipeline=build_pipeline(networks, decision),
        encoder=encoder_of(networks),
    )


def encoder_of(networks: Networks) -> ReferenceEncoder:
    """Compose what encodes reference pictures by these networks."""
    return reference_encoder(
        networks.front_end,
        networks.embedder,
        networks.detector,
        networks.coder,
        networks.reader,
    )


def load_decision(settings: Settings) -> Decision:
    """Read the decision of a catalog without a calibration; loads no network.

    Raises:
        WeightsError: weights are missing or changed.
    """
    weights = read_weights(_table(settings, Network.DECISION))
    return Decision(weights, IDENTICAL_FROM, model_id=decision_id(settings))


def decision_id(settings: Settings) -> str:
    """Return a short hash of all that a probability depends on: networks, options, decision.

    Raises:
        WeightsError: the manifest cannot be read.
    """
    manifest = read_manifest(settings.weights)
    lacking = {Network.FEATURE_AXES} if missing_features(manifest) else set()
    used = [
        entries[0]
        for network in RECOGNITION
        if network not in lacking and (entries := manifest.of_network(network))
    ]
    facts = "\n".join(
        f"{entry.network} {entry.sha256} {sorted(entry.options.items())}" for entry in used
    )
    return hashlib.sha256(facts.encode()).hexdigest()[:12]


def load_networks(settings: Settings, runtime: Runtime) -> Networks:
    """Load the networks of the weights folder; untrained parts stand in for what it lacks.

    Raises:
        WeightsError: weights are missing, changed or broken, or their licence forbids the use.
    """
    manifest = read_manifest(settings.weights)

    def loaded(network: Network) -> LoadedNetwork | None:
        entries = manifest.of_network(network)
        if not entries:
            return None
        allowed = settings.allow_noncommercial_weights
        return runtime.load(manifest.weights(entries[0].name, allow_noncommercial=allowed))

    detector, embedder = loaded(Network.DETECTOR), loaded(Network.EMBEDDER)
    comparator = loaded(Network.COMPARATOR)
    superpoint = loaded(Network.SUPERPOINT)
    keypoints = _rootsift(settings, manifest) if superpoint is None else _superpoint(superpoint)
    return Networks(
        detector=PrintDetector() if detector is None else YoloDetector(detector),
        embedder=(
            ColourEmbedder()
            if embedder is None
            else NetworkEmbedder(embedder, load_companions(settings, runtime))
        ),
        front_end=keypoints.front_end,
        matcher=_keypoint_matcher(
            keypoints, loaded(Network.LIGHTGLUE) or loaded(Network.SUPERGLUE)
        ),
        comparator=PlainComparator() if comparator is None else NetworkComparator(comparator),
        coder=None if superpoint is not None else _coder(settings, keypoints),
        reader=load_word_reader(settings),
    )


def _coder(settings: Settings, keypoints: "_Keypoints") -> KeypointCoder | None:
    """Return what quantises RootSIFT's descriptors; None where the folder has no codebook."""
    if not read_manifest(settings.weights).of_network(Network.KEYPOINT_CODEBOOK):
        return None
    codebook = read_codebook(_table(settings, Network.KEYPOINT_CODEBOOK))
    if len(codebook.turn) != keypoints.descriptors:
        raise WeightsError(
            f"the codebook is of descriptors of length {len(codebook.turn)}, and the front end's "
            f"have {keypoints.descriptors}; list weights that belong together in the manifest."
        )
    return CodebookCoder(keypoints.front_end, codebook)


def load_companions(settings: Settings, runtime: Runtime) -> tuple[Companion, ...]:
    """Return what stands beside the embedder's network: colours, and the features of ImageNet.

    Without a table of either, the network serves without it; so it does without the features'
    package, see `missing_features`.

    Raises:
        WeightsError: a table is changed or broken, or a package brings another file.
    """
    manifest = read_manifest(settings.weights)
    found: list[Companion] = []
    if manifest.of_network(Network.COLOURS):
        found.append(read_colour_basis(_table(settings, Network.COLOURS)))
    axes, networks = (
        manifest.of_network(kind) for kind in (Network.FEATURE_AXES, Network.IMAGE_FEATURES)
    )
    missing = missing_features(manifest)
    if missing:
        _logger.warning("pictures are embedded without the features of ImageNet: %s", missing)
    if axes and networks and not missing:
        network = runtime.load(manifest.weights(networks[0].name))
        weight = axes[0].options.get(_WEIGHT, 1.0)
        path = _table(settings, Network.FEATURE_AXES)
        found.append(ImageFeatures(network, read_feature_axes(path), weight))
    return tuple(found)


def missing_features(manifest: WeightsManifest) -> str:
    """Return why the features of ImageNet cannot be had although axes for them are listed.

    Embeddings are then made without them, under another part id: they find less.

    Returns:
        A sentence; empty where the package is installed, or nothing of it is listed.
    """
    networks = manifest.of_network(Network.IMAGE_FEATURES)
    if not manifest.of_network(Network.FEATURE_AXES) or not networks:
        return ""
    try:
        manifest.path_of(networks[0])
    except PackageMissing as error:
        return str(error)
    return ""


@dataclass(frozen=True, slots=True, eq=False)
class _Keypoints:
    """A front end, the quick matcher for its features, and the length of a descriptor."""

    front_end: FrontEnd
    quick: KeypointMatcher
    descriptors: int


def _superpoint(network: LoadedNetwork) -> _Keypoints:
    """SuperPoint's keypoints know no scale and no turn by which pairs could be checked."""
    length = int(network.facts["descriptors"])
    return _Keypoints(SuperPointFrontEnd(network), NearestNeighbourMatcher(), length)


def _rootsift(settings: Settings, manifest: WeightsManifest) -> _Keypoints:
    """RootSIFT; pairs are checked by one another where the basis' options say `consistent`.

    A decision is fitted to pairs that are checked or not, so the default of a folder is its own.
    """
    basis = read_basis(_table(settings, Network.KEYPOINT_BASIS))
    quick: KeypointMatcher = NearestNeighbourMatcher()
    if manifest.of_network(Network.KEYPOINT_BASIS)[0].options.get("consistent", 0) > 0:
        quick = GuidedMatcher(quick)
    return _Keypoints(RootSift(basis), quick, basis.axes.shape[1])


def _keypoint_matcher(keypoints: _Keypoints, glue: LoadedNetwork | None) -> KeypointMatcher:
    if glue is None:
        return keypoints.quick
    wanted = int(glue.facts["descriptors"])
    if wanted != keypoints.descriptors:
        raise WeightsError(
            f"{glue.weights.path.name} pairs descriptors of length {wanted}, and the front "
            f"end's have {keypoints.descriptors}; list weights that belong together in the "
            "manifest."
        )
    references = int(glue.weights.option("closer", _LOOKED_AT_CLOSER))
    is_light = glue.weights.network is Network.LIGHTGLUE
    careful = LightGlueMatcher(glue) if is_light else SuperGlueMatcher(glue)
    return CascadeMatcher(keypoints.quick, CloserLook(careful, references))


def _table(settings: Settings, kind: Network) -> Path:
    """The checked file of a table beside the networks."""
    manifest = read_manifest(settings.weights)
    entries = manifest.of_network(kind)
    if not entries:
        raise WeightsError(
            f"{settings.weights} lists no {kind}; set SKULENS_WEIGHTS to the folder that came "
            "with skulens."
        )
    weights = manifest.weights(entries[0].name)
    weights.check()
    return weights.path


def build_pipeline(networks: Networks, decision: Decision, shortlist_size: int = 12) -> Pipeline:
    """Compose the method of these networks."""
    settings = PipelineSettings(shortlist_size=shortlist_size)
    return Pipeline(build_stages(networks, decision), settings)


def build_stages(networks: Networks, decision: Decision) -> Stages:
    """Compose the stages of the method of these networks."""
    references = ReferenceCache(networks.front_end)
    return Stages(
        detector=networks.detector,
        photo_detector=augment_for_photos(networks.detector),
        embedder=networks.embedder,
        front_end=networks.front_end,
        references=references,
        shortlister=Shortlister(references),
        verifier=_verifier(networks),
        decision=decision,
        words=None if networks.reader is None else WordTest(networks.reader),
    )


def _verifier(networks: Networks) -> Verifier:
    matcher = networks.matcher
    cascade = matcher if isinstance(matcher, CascadeMatcher) else None
    return Verifier(
        matcher if cascade is None else cascade.quick,
        TwinTest(),
        networks.embedder,
        networks.comparator,
        closer=None if cascade is None else cascade.closer,
    )
