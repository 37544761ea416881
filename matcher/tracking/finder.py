"""The two things that frames are matched with: a finder of products, a version of a catalog."""

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from matcher.results import Detection, Identification, KnownPrint, Match


class VersionedCatalog(Protocol):
    """The part of a catalog snapshot that tracking itself reads."""

    @property
    def name(self) -> str:
        """Name of the catalog, for events."""

    @property
    def index_version(self) -> int:
        """Journal number of the snapshot."""

    @property
    def products(self) -> Mapping[str, object]:
        """Live products by id."""


CatalogT = TypeVar("CatalogT", bound=VersionedCatalog)
CatalogT_contra = TypeVar("CatalogT_contra", bound=VersionedCatalog, contravariant=True)


class Finder(Protocol[CatalogT_contra]):
    """Finds products in one picture; `matcher.pipeline.Pipeline` implements it.

    Images are (H, W, 3) uint8 RGB. What is known of places of a frame is not read again there.
    """

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        """Return boxes that may hold products; the fast path, run on every frame."""

    def match(
        self,
        image: NDArray[np.uint8],
        detections: Sequence[Detection],
        catalog: CatalogT_contra,
        known: Sequence[KnownPrint] = (),
    ) -> tuple[Match, ...]:
        """Verify detections, one match for each, in their order; the slow path."""

    def survey(
        self,
        image: NDArray[np.uint8],
        catalog: CatalogT_contra,
        known: Sequence[KnownPrint] = (),
    ) -> Identification:
        """Verify the whole picture, also what `detect` misses; the slow path."""
