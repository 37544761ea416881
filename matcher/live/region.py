"""The part of a camera's picture that counts, and how small a product may be."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Generic

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from matcher.results import Detection, Identification, KnownPrint, Match
from matcher.tracking.finder import CatalogT, Finder
from matcher.tracking.request import matched_box

MOST_CORNERS: Final = 64  # of a polygon; drawn by hand, it has a handful


@dataclass(frozen=True, slots=True)
class Region:
    """A polygon in the picture.

    Attributes:
        corners: (x, y) in shares of the picture's width and height, in [0, 1].
    """

    corners: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        """Check the polygon.

        Raises:
            ValueError: it has too few or too many corners, or one lies outside the picture.
        """
        if not 3 <= len(self.corners) <= MOST_CORNERS:
            raise ValueError(
                f"a region needs 3 to {MOST_CORNERS} corners, this one has {len(self.corners)}"
            )
        for x, y in self.corners:
            if not (0 <= x <= 1 and 0 <= y <= 1):
                raise ValueError(
                    f"the corner ({x}, {y}) of a region is outside the picture; "
                    "give shares of its width and height, from 0 to 1"
                )

    def has(self, box: Box, width: int, height: int) -> bool:
        """Return whether a box's centre lies in it, in a picture of that size in pixels."""
        polygon = np.array(self.corners, np.float32)
        x = (box.left + box.right) / 2 / width
        y = (box.top + box.bottom) / 2 / height
        return cv2.pointPolygonTest(polygon, (float(x), float(y)), measureDist=False) >= 0


class FilteredFinder(Generic[CatalogT]):
    """A finder that leaves out what is outside the regions or too small; one per session.

    Attributes:
        detections: found so far, after filtering.
        looks: verifications of single tracks so far.
        surveys: verifications of the whole picture so far.
    """

    def __init__(
        self, inner: Finder[CatalogT], regions: Sequence[Region] = (), smallest: float = 0.0
    ) -> None:
        """Put a filter in front.

        Args:
            inner: does the work.
            regions: a thing counts if its centre lies in one of them; none means everywhere.
            smallest: a thing counts from this height or width on, the larger of the two, as a
                share of the picture's height.
        """
        self._inner = inner
        self._regions = tuple(regions)
        self._smallest = smallest
        self.detections = 0
        self.looks = 0
        self.surveys = 0

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        """Return the detections that count."""
        found = tuple(
            detection
            for detection in self._inner.detect(image)
            if self._counts(detection.box, image)
        )
        self.detections += len(found)
        return found

    def match(
        self,
        image: NDArray[np.uint8],
        detections: Sequence[Detection],
        catalog: CatalogT,
        known: Sequence[KnownPrint] = (),
    ) -> tuple[Match, ...]:
        """Verify detections; they have passed the filter already."""
        self.looks += 1
        return self._inner.match(image, detections, catalog, known)

    def survey(
        self, image: NDArray[np.uint8], catalog: CatalogT, known: Sequence[KnownPrint] = ()
    ) -> Identification:
        """Verify the whole picture and return the matches that count."""
        self.surveys += 1
        found = self._inner.survey(image, catalog, known)
        matches = tuple(match for match in found.matches if self._counts(matched_box(match), image))
        return replace(found, matches=matches)

    def _counts(self, box: Box, image: NDArray[np.uint8]) -> bool:
        height, width = image.shape[:2]
        if max(box.width, box.height) < self._smallest * height:
            return False
        return not self._regions or any(region.has(box, width, height) for region in self._regions)
