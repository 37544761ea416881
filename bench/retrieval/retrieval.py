"""Is the right product in the shortlist? Embeddings, keypoint votes, and both, over one catalog."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from bench.detection import boxes
from bench.errors import BenchError
from bench.progress import Progress, silent
from bench.recognition.dataset import PhotoQuery, load_picture
from bench.recognition.score import BOOTSTRAP_DRAWS, Estimate
from bench.table import Figures, Table
from matcher.detection import crop as crops
from matcher.detection.crop import Crop
from matcher.detection.detector import Detector
from matcher.keypoints.features import FrontEnd, LocalFeatures
from matcher.retrieval.embedder import Embedder

DEPTHS: Final = (1, 5, 10, 20)
LOOKS: Final = 8
_HEADLINE: Final = 10


@dataclass(frozen=True, slots=True, eq=False)
class PhotoView:
    """A query made of a photo: all of it, or a part as the detector cuts it.

    Attributes:
        crop: the part.
        vectors: (D,) unit vectors of the part, by embedder.
        features: its keypoints.
        costs: milliseconds of each of these, by name; `KEYPOINTS` for the features.
    """

    crop: Crop
    vectors: Mapping[str, NDArray[np.float32]]
    features: LocalFeatures
    costs: Mapping[str, float]


KEYPOINTS: Final = "keypoints"


class Ranker(Protocol):
    """One way to order a catalog's products."""

    @property
    def name(self) -> str:
        """For people."""

    @property
    def uses(self) -> tuple[str, ...]:
        """Names of the costs of a view that it needs."""

    def rank(self, view: PhotoView) -> Sequence[str]:
        """Products, best first; as many as `DEPTHS` asks for, if there are."""


@dataclass(frozen=True, slots=True, eq=False)
class SearchedCatalog:
    """A catalog with the ways to search it.

    Attributes:
        name: for people.
        products: how many.
        rankers: to be compared.
    """

    name: str
    products: int
    rankers: tuple[Ranker, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ViewMaker:
    """Makes views of a photo.

    Attributes:
        detector: as it serves.
        front_end: as it serves.
        embedders: by name.
    """

    detector: Detector
    front_end: FrontEnd
    embedders: Mapping[str, Embedder]

    def views(self, image: NDArray[np.uint8]) -> list[PhotoView]:
        """The whole photo, then its surest crops; the whole photo once more if there are none."""
        found = self.detector.detect(image)[:LOOKS]
        whole = self._view(crops.crop_whole(image))
        cut = [self._view(crops.crop_detection(image, detection)) for detection in found]
        return [whole, *(cut or [whole])]

    def _view(self, crop: Crop) -> PhotoView:
        vectors: dict[str, NDArray[np.float32]] = {}
        costs: dict[str, float] = {}
        for name, embedder in self.embedders.items():
            started = time.perf_counter()
            vectors[name] = embedder.embed([crop.tight])[0]
            costs[name] = _since(started)
        started = time.perf_counter()
        features = self.front_end.extract(crop.image, crop.keypoints)
        costs[KEYPOINTS] = _since(started)
        return PhotoView(crop, vectors, features, costs)


@dataclass(frozen=True, slots=True)
class RetrievalOptions:
    """Randomness of the measurement.

    Attributes:
        seed: of the bootstrap.
        draws: of the bootstrap.
    """

    seed: int = 0
    draws: int = BOOTSTRAP_DRAWS


@dataclass(frozen=True, slots=True)
class RetrievalFigures:
    """One way to search one catalog.

    Attributes:
        catalog: its name.
        products: in it.
        method: the ranker's name.
        crop: share of photos whose product is among that many, queried by the surest crop.
        whole: the same, queried by the whole photo.
        any_look: the same, by the best of the whole photo and its surest crops.
        groups: `any_look` at 10 of the photos of one group.
        median_ms: per crop, with what the ranker needs of the view.
    """

    catalog: str
    products: int
    method: str
    crop: Mapping[int, Estimate]
    whole: Mapping[int, Estimate]
    any_look: Mapping[int, Estimate]
    groups: Mapping[str, Estimate]
    median_ms: float


@dataclass(frozen=True, slots=True)
class RetrievalResult(Figures):
    """All ways to search all catalogs, asked by the same photos in the same run."""

    photos: int
    figures: tuple[RetrievalFigures, ...]

    def table(self) -> Table:
        """One row per catalog and method."""
        rows = tuple(
            (
                f"{figures.catalog}, {figures.products}",
                figures.method,
                _shares(figures.crop),
                _shares(figures.whole),
                _shares(figures.any_look),
                str(figures.any_look[_HEADLINE]),
                ", ".join(f"{name} {share.value:.3f}" for name, share in figures.groups.items())
                or "-",
                f"{figures.median_ms:.1f}",
            )
            for figures in self.figures
        )
        return Table(f"{self.photos} photos of catalog products", _COLUMNS, rows, _NOTES)


_COLUMNS: Final = (
    "catalog",
    "method",
    "surest crop 1/5/10/20",
    "whole photo 1/5/10/20",
    "any look 1/5/10/20",
    "any look, 10",
    "groups, 10",
    "ms per crop",
)
_NOTES: Final = (
    "Share of photos whose product is among that many; in brackets: bootstrap 95 % interval.",
    f"Any look: the best rank of the whole photo and of its {LOOKS} surest crops, each of which "
    "is shortlisted by itself.",
)


def measure_retrieval(
    queries: Sequence[PhotoQuery],
    catalogs: Sequence[SearchedCatalog],
    looker: ViewMaker,
    options: RetrievalOptions | None = None,
    on_progress: Progress = silent,
) -> RetrievalResult:
    """Query every catalog in every way by the same photos.

    Raises:
        catalog.errors.PictureError: a picture cannot be read.
        BenchError: there is no photo of a known product.
    """
    options = options or RetrievalOptions()
    known = [query for query in queries if query.truth is not None]
    if not known:
        raise BenchError("there is no photo whose product is known")
    tallies = [
        (catalog, ranker, _RankTally()) for catalog in catalogs for ranker in catalog.rankers
    ]
    for done, query in enumerate(known):
        on_progress("photos", done, len(known))
        views = looker.views(load_picture(query.path))
        for _, ranker, tally in tallies:
            tally.add(ranker, views, query)
    on_progress("photos", len(known), len(known))
    figures = tuple(
        tally.figures(catalog, ranker.name, options) for catalog, ranker, tally in tallies
    )
    return RetrievalResult(len(known), figures)


class _RankTally:
    """Ranks of the right product by one ranker."""

    def __init__(self) -> None:
        self._whole: list[float] = []
        self._crop: list[float] = []
        self._any: list[float] = []
        self._groups: list[tuple[str, ...]] = []
        self._costs: list[float] = []

    def add(self, ranker: Ranker, views: Sequence[PhotoView], query: PhotoQuery) -> None:
        """Ask by all views of one photo."""
        ranks = []
        for view in views:
            started = time.perf_counter()
            ranked = list(ranker.rank(view))
            self._costs.append(_since(started) + sum(view.costs[name] for name in ranker.uses))
            ranks.append(ranked.index(query.truth) if query.truth in ranked else float("inf"))
        self._whole.append(ranks[0])
        self._crop.append(ranks[1])
        self._any.append(min(ranks))
        self._groups.append(query.groups)

    def figures(
        self, catalog: SearchedCatalog, method: str, options: RetrievalOptions
    ) -> RetrievalFigures:
        """All photos together."""

        def shares(ranks: Sequence[float]) -> dict[int, Estimate]:
            return {
                depth: boxes.estimate_share(
                    [rank < depth for rank in ranks], options.draws, options.seed
                )
                for depth in DEPTHS
            }

        names = sorted({name for groups in self._groups for name in groups})
        return RetrievalFigures(
            catalog.name,
            catalog.products,
            method,
            shares(self._crop),
            shares(self._whole),
            shares(self._any),
            {name: shares(self._of_group(name))[_HEADLINE] for name in names},
            float(np.median(self._costs)),
        )

    def _of_group(self, name: str) -> list[float]:
        pairs = zip(self._any, self._groups, strict=True)
        return [rank for rank, groups in pairs if name in groups]


def _since(started: float) -> float:
    return 1000 * (time.perf_counter() - started)


def _shares(estimates: Mapping[int, Estimate]) -> str:
    return " / ".join(f"{estimate.value:.3f}" for estimate in estimates.values())
