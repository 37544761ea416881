"""Catalogs and variants for the measurements of single parts: parts exchanged one at a time."""

import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from numpy.typing import NDArray

from api.cli.bench.catalogs import CatalogRecogniser, temporary_catalog, watch_clip
from api.errors import Refused
from api.models.loading import Networks, build_pipeline, encoder_of
from api.services import Services
from bench.ablation.ablation import RecogniserOfSize, Variant
from bench.live.video import MatchVideo
from bench.recognition.protocols import lay_out_grocery
from bench.retrieval.rankers import (
    LikenessRanker,
    ShortlistRanker,
    VotesRanker,
    embed_stored_crops,
    read_stored_vectors,
)
from bench.retrieval.retrieval import Ranker, SearchedCatalog, ViewMaker
from catalog.encodings.encoding import Encoder
from catalog.encodings.shared_cache import SharedEncodingCache
from catalog.errors import NotFound
from catalog.registry import Catalogs
from catalog.snapshot import Catalog
from catalog.storage.folder import FolderStorage
from catalog.transfer.importer import import_path
from matcher.detection.augmented import AugmentedDetector, augment_for_photos
from matcher.detection.detector import Detector, YoloDetector
from matcher.detection.proposals import PrintDetector
from matcher.keypoints.cascade import CascadeMatcher
from matcher.keypoints.features import KeypointMatcher
from matcher.keypoints.guided_matching import GuidedMatcher
from matcher.keypoints.ratio_test import NearestNeighbourMatcher
from matcher.results import Detection
from matcher.retrieval.embedder import Embedder, NetworkEmbedder
from matcher.retrieval.image_features import ImageFeatures
from matcher.retrieval.reference import ReferenceCache
from matcher.retrieval.shortlist import Shortlister
from matcher.retrieval.untrained import ColourEmbedder
from matcher.tracking.events import Event
from matcher.verification.comparator import NetworkComparator, PlainComparator

OnProgress = Callable[[str, int, int], None]
Prepare = Callable[[Path], RecogniserOfSize]

_OURS: Final = "embedder"
_NETWORK: Final = "network"
_WITHOUT_FEATURES: Final = "network and colours"
_COLOURS: Final = "colours"
_BEFORE_VOTES: Final = 200  # products; with more, votes alone would take hours
_KEPT: Final = "retrieval-"


def searched_catalogs(
    services: Services, shared: Path, distractors: int, on_progress: OnProgress
) -> tuple[list[SearchedCatalog], ViewMaker]:
    """The grocery products alone, and among pictures of clothes; with every way to search them.

    Enrolling thousands of pictures takes minutes; they are kept below the cache folder until the
    networks change.

    Args:
        services: whose networks to measure.
        shared: the folder of real pictures.
        distractors: pictures of clothes; 0 leaves the second catalog out.
        on_progress: called with what is done, how many steps are done and how many there are.

    Raises:
        BenchError: pictures are missing.
        Refused: a picture cannot be taken in.
    """
    models = services.models
    looker = ViewMaker(
        augment_for_photos(models.networks.detector),
        models.networks.front_end,
        {
            _OURS: models.networks.embedder,
            _NETWORK: _alone(models.networks.embedder),
            _WITHOUT_FEATURES: _without_features(models.networks.embedder),
            _COLOURS: ColourEmbedder(),
        },
    )
    names = {"grocery": 0} | ({"grocery and clothes": distractors} if distractors else {})
    found = []
    for name, clothes in names.items():
        with TemporaryDirectory(prefix="skulens-") as folder:
            pictures = lay_out_grocery(shared, Path(folder), clothes)
            catalog = cached_catalog(services, pictures, f"clothes-{clothes}", on_progress)
        rankers = _rankers(services, catalog)
        found.append(SearchedCatalog(name, len(catalog.products), rankers))
    return found, looker


def _rankers(services: Services, catalog: Catalog) -> tuple[Ranker, ...]:
    networks = services.models.networks
    shortlister = Shortlister(ReferenceCache(networks.front_end))
    ours: list[Ranker] = [
        ShortlistRanker(shortlister, catalog, _OURS),
        LikenessRanker("embedder alone", _OURS, *read_stored_vectors(catalog)),
        LikenessRanker(
            "without the features of ImageNet",
            _WITHOUT_FEATURES,
            *embed_stored_crops(catalog, _without_features(networks.embedder)),
        ),
        LikenessRanker(
            "its network alone", _NETWORK, *embed_stored_crops(catalog, _alone(networks.embedder))
        ),
        LikenessRanker(
            "colours and gradients", _COLOURS, *embed_stored_crops(catalog, ColourEmbedder())
        ),
    ]
    if len(catalog.products) <= _BEFORE_VOTES:
        ours.append(VotesRanker(shortlister, catalog))
    return tuple(ours)


def _alone(embedder: Embedder) -> Embedder:
    """The network of an embedder, without what stands beside it."""
    return embedder.beside(()) if isinstance(embedder, NetworkEmbedder) else embedder


def _without_features(embedder: Embedder) -> Embedder:
    """The network of an embedder and its colours, without the features of ImageNet."""
    if not isinstance(embedder, NetworkEmbedder):
        return embedder
    kept = [
        companion for companion in embedder.companions if not isinstance(companion, ImageFeatures)
    ]
    return embedder.beside(kept)


def cached_catalog(
    services: Services, pictures: Path, name: str, on_progress: OnProgress
) -> Catalog:
    """A catalog of a folder of product folders that stays in the cache folder.

    Only catalogs by the present networks are kept.

    Raises:
        Refused: a picture cannot be taken in.
    """
    encoder = services.models.encoder
    home = services.settings.cache_dir / "bench"
    folder = home / f"{_KEPT}{_id_of(encoder)}"
    for other in home.glob(f"{_KEPT}*"):
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
    catalogs = Catalogs(
        FolderStorage(folder, durable=False),
        encoder,
        shared=SharedEncodingCache(services.settings.cache_dir / "features"),
    )
    try:
        store = catalogs.open(name)
    except NotFound:
        store = catalogs.create(name)
    report = import_path(store, pictures, lambda done, all_: on_progress("catalog", done, all_))
    if report.failures:
        raise Refused(f"the catalog of {pictures} is not whole: {report.failures[0]}")
    return store.snapshot()


class _OneLook:
    """A detector that sees photos as it sees frames."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        return self._detector.detect(image)


def variants(services: Services, stack: ExitStack, on_progress: OnProgress) -> list[Variant]:
    """The method as it is shipped, and with each trained part exchanged for a training-free one.

    Args:
        services: whose networks to exchange.
        stack: keeps the catalogs that the variants make.
        on_progress: called with what is done, how many steps are done and how many there are.
    """
    models = services.models
    shipped = models.networks

    shared = SharedEncodingCache(services.settings.cache_dir / "features")

    def by(networks: Networks) -> tuple[Prepare, MatchVideo]:
        encoder = encoder_of(networks)

        def catalog_of(folder: Path) -> Catalog:
            made = temporary_catalog(folder, encoder, on_progress, shared)
            return stack.enter_context(made)

        def prepare(folder: Path) -> RecogniserOfSize:
            catalog = catalog_of(folder)
            return lambda size: CatalogRecogniser(
                build_pipeline(networks, models.decision, shortlist_size=size), catalog
            )

        def watch(clip: Path, pictures: Path) -> Iterator[Event]:
            pipeline = build_pipeline(networks, models.decision)
            return watch_clip(clip, catalog_of(pictures), pipeline, on_progress)

        return prepare, watch

    def exchanged(part: str, name: str, is_there: bool, networks: Networks) -> Variant:
        return Variant(part, name, *(by(networks) if is_there else (None, None)))

    detector, embedder = shipped.detector, shipped.embedder
    return [
        Variant("", "", *by(shipped)),
        exchanged(
            "detector",
            "training-free proposals",
            isinstance(detector, YoloDetector),
            replace(shipped, detector=PrintDetector()),
        ),
        exchanged(
            "second look at photos",
            "one look",
            isinstance(augment_for_photos(detector), AugmentedDetector),
            replace(shipped, detector=_OneLook(detector)),
        ),
        exchanged(
            "embedder",
            "colours and gradients",
            isinstance(embedder, NetworkEmbedder),
            replace(shipped, embedder=ColourEmbedder()),
        ),
        exchanged(
            "colours and features",
            "the embedder's network alone",
            isinstance(embedder, NetworkEmbedder) and bool(embedder.companions),
            replace(shipped, embedder=_alone(embedder)),
        ),
        exchanged(
            "features of ImageNet",
            "the network and its colours",
            isinstance(embedder, NetworkEmbedder)
            and any(isinstance(companion, ImageFeatures) for companion in embedder.companions),
            replace(shipped, embedder=_without_features(embedder)),
        ),
        exchanged(
            "comparator",
            "correlation and colour",
            isinstance(shipped.comparator, NetworkComparator),
            replace(shipped, comparator=PlainComparator()),
        ),
        exchanged(
            "closer look by attention",
            "nearest neighbours alone",
            isinstance(shipped.matcher, CascadeMatcher),
            replace(shipped, matcher=_quick(shipped.matcher)),
        ),
        exchanged(
            "pairs checked by their neighbours",
            "ratio test alone",
            isinstance(_quick(shipped.matcher), GuidedMatcher),
            replace(shipped, matcher=NearestNeighbourMatcher()),
        ),
        exchanged(
            "words", "nothing read", shipped.reader is not None, replace(shipped, reader=None)
        ),
    ]


def chosen_variants(variants: Sequence[Variant], parts: Sequence[str]) -> list[Variant]:
    """The shipped method and the variants of these parts; of all, where none is named.

    Raises:
        Refused: there is no such part.
    """
    known = [variant.part for variant in variants if variant.part]
    unknown = [part for part in parts if part not in known]
    if unknown:
        raise Refused(f"there is no part {unknown[0]!r} to exchange; there are {', '.join(known)}")
    wanted = {"", *(parts or known)}
    return [variant for variant in variants if variant.part in wanted]


def _quick(matcher: KeypointMatcher) -> KeypointMatcher:
    """Pairs every reference; what looks closer left away."""
    return matcher.quick if isinstance(matcher, CascadeMatcher) else matcher


def _id_of(encoder: Encoder) -> str:
    joined = "\n".join(encoder.part_ids.ids)
    return hashlib.sha256(joined.encode()).hexdigest()[:12]
