"""The whole method with a temporary catalog, as `bench` measures it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from api.errors import Refused
from api.models.loading import Models, Networks, build_pipeline, build_stages, load_networks
from api.services import PhotoFinder, Services, open_runtime
from bench.keypoints.homography import FeatureFinder, PairFinder
from bench.latency.latency import LatencyTarget, Stage
from bench.latency.timed import NetworkClock, time_networks
from bench.recognition.clips import ClipTarget
from catalog.encodings.encoding import Encoder
from catalog.encodings.shared_cache import SharedEncodingCache
from catalog.registry import Catalogs
from catalog.snapshot import Catalog
from catalog.storage.folder import FolderStorage
from catalog.transfer.importer import import_path
from matcher.keypoints.cascade import CascadeMatcher
from matcher.keypoints.features import KeypointMatcher
from matcher.keypoints.guided_matching import GuidedMatcher
from matcher.keypoints.ratio_test import NearestNeighbourMatcher
from matcher.keypoints.rootsift import RootSift
from matcher.pipeline import Pipeline
from matcher.results import Identification
from matcher.tracking.events import Event
from matcher.tracking.finder import Finder
from matcher.tracking.frame_matcher import FrameMatcher
from matcher.tracking.state import SessionInfo
from matcher.verification.verifier import Contest
from matcher.video.remembered import StageMemory, remember
from stream.video.file import FileSource
from training.augment.clip_of_photo import CLIP_LENGTH, film_photo

CATALOG: Final = "bench"
KEYPOINTS: Final = 1000  # of a picture, as verification extracts them

OnProgress = Callable[[str, int, int], None]


class CatalogRecogniser:
    """A finder with its catalog; implements `bench.recognition.identifier.PhotoIdentifier`."""

    def __init__(self, finder: PhotoFinder, catalog: Catalog) -> None:
        self._finder = finder
        self._catalog = catalog

    def identify(self, image: NDArray[np.uint8], *, whole_image: bool = False) -> Identification:
        """Find the products in an (H, W, 3) RGB picture."""
        return self._finder.identify(image, self._catalog, whole_image=whole_image)


@contextmanager
def temporary_catalog(
    folder: Path,
    encoder: Encoder,
    on_progress: OnProgress,
    shared: SharedEncodingCache | None = None,
) -> Iterator[Catalog]:
    """Make a catalog of a folder of product folders, gone when the block ends.

    Args:
        folder: of product folders.
        encoder: of its pictures.
        on_progress: called with what is done, how many steps are done and how many there are.
        shared: keeps encodings, so that another catalog of these pictures is made faster.

    Raises:
        Refused: a picture cannot be taken in; figures of a part of the catalog would mislead.
    """
    with TemporaryDirectory(prefix="skulens-") as storage:
        kept = FolderStorage(Path(storage), durable=False)
        store = Catalogs(kept, encoder, shared=shared).create(CATALOG)
        report = import_path(store, folder, lambda done, all_: on_progress("catalog", done, all_))
        if report.failures:
            raise Refused(f"the catalog of {folder} is not whole: {report.failures[0]}")
        yield store.snapshot()


def watch_clip(
    clip: Path, catalog: Catalog, finder: Finder[Catalog], on_progress: OnProgress
) -> Iterator[Event]:
    """Yield the events of a clip, matched frame by frame."""
    engine = FrameMatcher(finder, SessionInfo("bench", 0.0))
    source = FileSource(clip)
    for frame in source.frames():
        on_progress("video", frame.index + 1, source.frame_count_estimate or 0)
        yield from engine.match_frame(frame, catalog).events
    yield from engine.finish(catalog).events


def clip_target(models: Models) -> ClipTarget:
    """The method as it is shipped, for clips that are matched by several thresholds."""
    memory = StageMemory()
    stages = remember(build_stages(models.networks, models.decision), memory)
    rate = CLIP_LENGTH.frames_per_second
    return ClipTarget(Pipeline(stages), memory, models.decision.model_id, film_photo, rate)


@contextmanager
def picture_catalog(
    encoder: Encoder, pictures: Mapping[str, Sequence[NDArray[np.uint8]]]
) -> Iterator[Catalog]:
    """Make a catalog of (H, W, 3) RGB pictures by product, gone when the block ends."""
    with TemporaryDirectory(prefix="skulens-") as folder:
        for product_id, references in pictures.items():
            home = Path(folder) / "catalog" / product_id
            home.mkdir(parents=True)
            for number, picture in enumerate(references):
                Image.fromarray(picture).save(home / f"reference-{number:03d}.png")
        with temporary_catalog(Path(folder) / "catalog", encoder, lambda *_: None) as catalog:
            yield catalog


@contextmanager
def contest_finder(
    services: Services, pictures: Mapping[str, Sequence[NDArray[np.uint8]]]
) -> Iterator[Callable[[NDArray[np.uint8]], Sequence[Contest]]]:
    """Yield what finds a photo's contests in a catalog of (H, W, 3) RGB pictures by product."""
    pipeline = services.models.pipeline
    with picture_catalog(services.models.encoder, pictures) as catalog:
        yield lambda image: pipeline.contests(image, catalog)


def latency_target(
    services: Services, catalog: Catalog, image: NDArray[np.uint8]
) -> LatencyTarget[Catalog]:
    """The method as it is shipped, its stages alone, and the naive way.

    Args:
        services: whose networks to time.
        catalog: snapshot that both ways search.
        image: (H, W, 3) RGB, what the stages are timed on.
    """
    models, clock = services.models, NetworkClock()
    shipped = time_networks(models.networks, clock)
    plain = load_networks(services.settings, open_runtime(services.settings, "reference"))
    return LatencyTarget(
        stages=_stages(services, catalog, image),
        engine=build_pipeline(shipped, models.decision),
        clock=clock,
        naive=build_pipeline(plain, models.decision, shortlist_size=max(len(catalog.products), 1)),
        catalog=catalog,
    )


def pair_finders(networks: Networks, keypoints: int) -> list[tuple[str, PairFinder]]:
    """Return the shipped way to pair keypoints and others beside it, by name.

    Args:
        networks: loaded.
        keypoints: at most, per picture.
    """
    matcher, quick = networks.matcher, NearestNeighbourMatcher()
    methods: list[tuple[str, KeypointMatcher]] = [("skulens", matcher)]
    if isinstance(matcher, CascadeMatcher):
        methods += [
            ("attention alone", matcher.closer.careful),
            ("nearest neighbours alone", quick),
        ]
    elif isinstance(matcher, GuidedMatcher):
        methods.append(("nearest neighbours alone", quick))
    elif isinstance(networks.front_end, RootSift):
        methods.append(("checked by neighbours", GuidedMatcher(quick)))
    return [
        (name, FeatureFinder(networks.front_end, method, keypoints)) for name, method in methods
    ]


def _stages(services: Services, catalog: Catalog, image: NDArray[np.uint8]) -> list[Stage]:
    """Each loads its network anew, so that its first call is a cold one."""
    calls: dict[str, Callable[[Networks], Callable[[], object]]] = {
        "detect": lambda networks: partial(networks.detector.detect, image),
        "embed": lambda networks: partial(networks.embedder.embed, [image]),
        "keypoints": lambda networks: partial(networks.front_end.extract, image, KEYPOINTS),
        "whole picture": lambda networks: partial(
            build_pipeline(networks, services.models.decision).identify, image, catalog
        ),
    }

    def prepare(call: Callable[[Networks], Callable[[], object]]) -> Callable[[], object]:
        return call(load_networks(services.settings, open_runtime(services.settings)))

    return [Stage(name, partial(prepare, call)) for name, call in calls.items()]
