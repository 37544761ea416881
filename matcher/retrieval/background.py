"""Background: what a reference picture shares, in one geometry, with those of unrelated products.

The same shelf, price tags or table stand in the photos of many products. A brand mark and the print
of near-twins are shared, too, but move with the product: where other pictures of the product agree
with it, it is the product's own. Where no picture shows the product for certain, only what lies as
things behind a product do is background: farther from the middle than the rest, or all across.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from catalog.encodings.background import is_proven
from catalog.encodings.encoding import EnrolledPicture, OtherProduct, SharedBackground
from catalog.records.shared_cells import GRID, cells_at, places_of
from matcher.keypoints.features import FrontEnd, KeypointMatcher, LocalFeatures
from matcher.keypoints.homography import find_placements

Cells = NDArray[np.bool_]
Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BackgroundSettings:
    """Thresholds; shares are in [0, 1]."""

    inliers: int = 12  # keypoints of two pictures that prove the same surface
    misses: int = 4  # others in a row that show nothing of it; the rest, with fewer votes, do not
    products: int = 2  # unrelated ones, besides the product itself, that show it
    reach: int = 1  # cells around a keypoint that show the same surface
    margin: int = 2  # cells around what the product's other pictures agree with: its corners
    edge: float = 0.12  # of the kept part's sides: what lies nearer reaches that side
    most_share: float = 0.7  # of the keypoints that may go
    fewest_left: int = 30  # keypoints that prove the product afterwards


BACKGROUND_SETTINGS: Final = BackgroundSettings()


class _Picture:
    """A reference picture with its keypoints, unpacked at their first use."""

    def __init__(self, enrolled: EnrolledPicture, front_end: FrontEnd) -> None:
        self.enrolled = enrolled
        self._front_end = front_end

    @cached_property
    def features(self) -> LocalFeatures:
        crop = self.enrolled.encoding.crop
        return self._front_end.unpack(self.enrolled.encoding.local, crop.width, crop.height)

    @property
    def is_proven(self) -> bool:
        return is_proven(self.enrolled.encoding)

    @cached_property
    def points(self) -> Points:
        """(N, 2) places of the keypoints in the picture's pixels."""
        return self.placed(self.features.points)

    def placed(self, points: NDArray[np.floating]) -> Points:
        """Return (N, 2) places in the crop as places in the picture."""
        if len(points) == 0:
            return np.zeros((0, 2))
        homography = self.enrolled.encoding.crop.to_picture
        moved = cv2.perspectiveTransform(points[None].astype(np.float64), homography)
        return np.asarray(moved[0], np.float64)


class BackgroundFinder:
    """Finds the background of reference pictures by one front end's keypoints."""

    def __init__(
        self,
        front_end: FrontEnd,
        matcher: KeypointMatcher,
        settings: BackgroundSettings = BACKGROUND_SETTINGS,
    ) -> None:
        self._front_end = front_end
        self._matcher = matcher
        self._settings = settings

    def find(
        self,
        picture: EnrolledPicture,
        relatives: Sequence[EnrolledPicture],
        others: Sequence[OtherProduct],
    ) -> SharedBackground:
        """Return the cells of a picture that are background, and who else shows parts of it."""
        own = self._picture(picture)
        agreed = self._shown_by(own, others)
        nothing = SharedBackground(np.zeros((GRID, GRID), np.bool_), tuple(agreed))
        family = [self._picture(relative) for relative in relatives]
        strangers = [index for index in agreed if not self._is_related(own, family, others[index])]
        groups = self._unrelated_groups(strangers, others)
        if len(groups) < self._settings.products:
            return nothing
        seen = [self._near(own, [p for i in group for p in agreed[i]]) for group in groups]
        shown_by = np.sum(seen, axis=0)
        sure = self._best_surfaces(own, [relative for relative in family if relative.is_proven])
        surfaces = sure or self._best_surfaces(own, family)
        cells = (shown_by >= self._settings.products) & ~self._owned(own, surfaces)
        sound = self._leaves_a_product(own, cells) and (
            bool(sure) or self._lies_behind(own, cells, is_known=len(surfaces) > 1)
        )
        return SharedBackground(cells, tuple(agreed)) if sound else nothing

    def _shown_by(
        self, own: _Picture, others: Sequence[OtherProduct]
    ) -> dict[int, list[NDArray[np.int64]]]:
        """Return the surfaces that others show, by their numbers; later ones are less likely to."""
        agreed: dict[int, list[NDArray[np.int64]]] = {}
        misses = 0
        for index, other in enumerate(others):
            surfaces = self._agreeing(own, self._picture(other.picture))
            misses = 0 if surfaces else misses + 1
            if surfaces:
                agreed[index] = surfaces
            if misses >= self._settings.misses:
                break
        return agreed

    def _picture(self, enrolled: EnrolledPicture) -> _Picture:
        return _Picture(enrolled, self._front_end)

    def _agreeing(self, own: _Picture, other: _Picture) -> list[NDArray[np.int64]]:
        """Return the keypoints of the first picture on each surface that both show."""
        pairs = self._matcher.match(own.features, [other.features])[0]
        placements = find_placements(pairs, own.features, other.features)
        least = self._settings.inliers
        return [found.query for found in placements if found.inliers >= least]

    def _is_related(self, own: _Picture, family: Sequence[_Picture], other: OtherProduct) -> bool:
        """Return whether what two products share is print on one of them, as far as is known."""
        theirs = [self._picture(proven) for proven in other.find_proven()]
        ours = [relative for relative in family if relative.is_proven]
        shown = self._picture(other.picture)
        pairs = [(own, their) for their in theirs]
        pairs += [(our, their) for our in ours for their in (*theirs, shown)]
        return any(self._agreeing(first, second) for first, second in pairs)

    def _unrelated_groups(
        self, indices: Sequence[int], others: Sequence[OtherProduct]
    ) -> list[list[int]]:
        """Return products that show parts of the picture, twins together."""
        groups: list[list[int]] = []
        for index in indices:
            theirs = [self._picture(proven) for proven in others[index].find_proven()]
            for group in groups:
                if any(self._are_twins(theirs, others[member]) for member in group):
                    group.append(index)
                    break
            else:
                groups.append([index])
        return groups

    def _are_twins(self, theirs: Sequence[_Picture], other: OtherProduct) -> bool:
        return any(
            self._agreeing(their, self._picture(proven))
            for their in theirs
            for proven in other.find_proven()
        )

    def _near(self, own: _Picture, surfaces: Sequence[NDArray[np.int64]]) -> Cells:
        """Return the cells around the keypoints of some surfaces."""
        marked = np.zeros((GRID, GRID), np.uint8)
        for surface in surfaces:
            columns, rows = places_of(own.points[surface], own.enrolled.size)
            marked[rows, columns] = 1
        return _grown(marked, self._settings.reach)

    def _owned(self, own: _Picture, surfaces: Sequence[NDArray[np.int64]]) -> Cells:
        """Return the cells of what most of the product's other pictures agree with.

        Two photos before the same shelf agree on the shelf, too; but not most of them, and seldom
        on more of it than of the product. What lies within the surface is the product's.
        """
        if not surfaces:
            return np.zeros((GRID, GRID), np.bool_)
        shown = np.sum([self._near(own, [surface]) for surface in surfaces], axis=0)
        rows, columns = np.nonzero(2 * shown >= shown.max())
        hull = cv2.convexHull(np.stack([columns, rows], axis=1).astype(np.int32))
        drawn = cv2.fillConvexPoly(np.zeros((GRID, GRID), np.uint8), hull, 1)
        return _grown(np.asarray(drawn, np.uint8), self._settings.margin)

    def _best_surfaces(self, own: _Picture, family: Sequence[_Picture]) -> list[NDArray[np.int64]]:
        found = [self._agreeing(own, relative) for relative in family]
        return [surfaces[0] for surfaces in found if surfaces]

    def _leaves_a_product(self, own: _Picture, cells: Cells) -> bool:
        gone = cells_at(cells, own.points, own.enrolled.size)
        enough = (~gone).sum() >= self._settings.fewest_left
        proves = gone.sum() >= self._settings.inliers
        return bool(enough and proves and gone.mean() <= self._settings.most_share)

    def _lies_behind(self, own: _Picture, cells: Cells, *, is_known: bool) -> bool:
        """Return whether cells lie as what stands behind a product does.

        They are farther from the middle of the kept part than the rest; and where it is not known
        from several photos what moves with the product, they go from one side to the other.
        """
        is_gone = cells_at(cells, own.points, own.enrolled.size)
        width, height = own.features.width, own.features.height
        corners = own.placed(np.array([[0.0, 0.0], [width, height]]))
        middle, half = corners.mean(axis=0), (corners[1] - corners[0]) / 2
        place = (own.points - middle) / half
        gone, left = place[is_gone], place[~is_gone]
        away, near = (np.median(np.abs(some).max(axis=1)) for some in (gone, left))
        reach = 1 - 2 * self._settings.edge
        across = (gone.min(axis=0) <= -reach) & (gone.max(axis=0) >= reach)
        return bool(away > near and (is_known or across.any()))


def _grown(cells: NDArray[np.uint8], by: int) -> Cells:
    side = 2 * by + 1
    return np.asarray(cv2.dilate(cells, np.ones((side, side), np.uint8)) > 0, np.bool_)
