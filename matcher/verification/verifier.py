"""Verify: which references does a picture really show, and where.

Four questions about (picture, reference): how many keypoints correspond, do they agree on one
homography, which share of the visible reference is matched, and does the warped picture look like
the reference. References that claim the same place compete; what they compete with is each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import permutations, product
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from matcher.keypoints.features import Correspondences, KeypointMatcher, LocalFeatures
from matcher.keypoints.homography import Placement, find_placements, outline_overlap
from matcher.retrieval.reference import Reference
from matcher.verification.alignment import AlignmentScore, WarpedQuery, score_alignment, warp_onto
from matcher.verification.comparator import Comparator, ComparedPair
from matcher.verification.twin_test import TwinEvidence, TwinTest

_SAME_PLACE: Final = 0.5
_COMPETITORS: Final = 5
_PER_PRODUCT: Final = 2
_WEAK: Final = 0.12
_GRID: Final = 10
_TESTED: Final = 3


class Embedder(Protocol):
    """One global vector per picture."""

    def embed(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """(N, D) unit vectors of N pictures (H, W, 3) RGB."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """A picture at the size where it is matched.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        features: its keypoints, in its pixels.
    """

    image: NDArray[np.uint8]
    features: LocalFeatures


@dataclass(frozen=True, slots=True, eq=False)
class Hypothesis:
    """One reference at one place.

    Attributes:
        reference: which.
        placement: where, and by which keypoints.
        aligned: how much it looks like it.
        coverage: in [0, 1], share of the visible reference that is matched.
        similarity: in [-1, 1], of the place's embedding with the product's nearest reference.
        difference: in [-6, 0], log-odds that it shows another print; -6 for surely the same.
    """

    reference: Reference
    placement: Placement
    alignment: AlignmentScore
    coverage: float
    similarity: float = 0.0
    difference: float = 0.0

    @property
    def outline(self) -> NDArray[np.float32]:
        """(4, 2) corners of the product in the query."""
        return self.placement.carry(self.reference.corners)

    @property
    def strength(self) -> float:
        """Orders hypotheses before they are calibrated."""
        return max(self.alignment.agreement, 0.01) * float(np.sqrt(self.placement.inliers))


@dataclass(frozen=True, slots=True, eq=False)
class Duel:
    """The twin test between two competitors of one contest, by their positions in it."""

    first: int
    second: int
    evidence: TwinEvidence


@dataclass(frozen=True, slots=True, eq=False)
class Contest:
    """Everything that claims one place in a picture, at most one hypothesis per product.

    Attributes:
        hypotheses: strongest first, at least one.
        duels: twin tests between the strongest of them, in both directions.
    """

    hypotheses: tuple[Hypothesis, ...]
    duels: tuple[Duel, ...]


class Verifier:
    """Keypoint pairs, homographies, aligned comparison and twin tests."""

    def __init__(
        self,
        matcher: KeypointMatcher,
        twin_test: TwinTest,
        embedder: Embedder,
        comparator: Comparator,
    ) -> None:
        self._matcher = matcher
        self._twin_test = twin_test
        self._embedder = embedder
        self._comparator = comparator

    def verify(self, query: Query, references: Sequence[Reference]) -> list[Contest]:
        """Every place of the picture where a reference is found, strongest first."""
        claims = self._claims(query, references)
        contests = [self._contest(query, rivals, references) for rivals in _by_place(claims)]
        contests.sort(key=lambda one: -one.hypotheses[0].strength)
        return self._with_similarities(query, contests, references)

    def pairs(self, query: Query, references: Sequence[Reference]) -> list[Correspondences]:
        """Keypoint pairs with each reference, before any geometry."""
        return self._matcher.match(query.features, [one.features for one in references])

    def _claims(self, query: Query, references: Sequence[Reference]) -> list["_Claim"]:
        pairs = self.pairs(query, references)
        return [
            _Claim(reference, placement)
            for reference, corresponding in zip(references, pairs, strict=True)
            for placement in find_placements(corresponding, query.features, reference.features)
        ]

    def _contest(
        self, query: Query, rivals: Sequence["_Claim"], references: Sequence[Reference]
    ) -> Contest:
        compared = [_compared(query, one) for one in rivals]
        compared.sort(key=lambda one: -one.hypothesis.strength)
        best: dict[str, _Compared] = {}
        for one in compared:
            best.setdefault(one.hypothesis.reference.product_id, one)
        hypotheses = self._with_differences(list(best.values()))
        return Contest(hypotheses, self._duels(hypotheses, compared, references))

    def _with_differences(self, compared: Sequence["_Compared"]) -> tuple[Hypothesis, ...]:
        told = self._comparator.differences(
            [
                ComparedPair(one.hypothesis.reference.view, one.warped, one.hypothesis.alignment)
                for one in compared
            ]
        )
        return tuple(
            replace(one.hypothesis, difference=float(difference))
            for one, difference in zip(compared, told, strict=True)
        )

    def _with_similarities(
        self, query: Query, contests: Sequence[Contest], references: Sequence[Reference]
    ) -> list[Contest]:
        places = [Box.around(one.hypotheses[0].outline).crop(query.image) for one in contests]
        embeddings = self._embedder.embed(places)
        return [
            Contest(
                tuple(
                    replace(
                        one, similarity=_similarity(embedding, one.reference.product_id, references)
                    )
                    for one in contest.hypotheses
                ),
                contest.duels,
            )
            for contest, embedding in zip(contests, embeddings, strict=True)
        ]

    def _duels(
        self,
        hypotheses: Sequence[Hypothesis],
        compared: Sequence["_Compared"],
        references: Sequence[Reference],
    ) -> tuple[Duel, ...]:
        enough = _WEAK * hypotheses[0].strength
        close = [
            (index, one.reference.product_id)
            for index, one in enumerate(hypotheses[:_TESTED])
            if one.strength > enough
        ]
        duels = []
        for (first, product_id), (second, twin_id) in permutations(close, 2):
            own = [one for one in compared if one.product_id == product_id]
            twins = [one for one in references if one.product_id == twin_id]
            asked, twin = _most_alike(own, twins)
            evidence = self._twin_test.compare(asked.hypothesis.reference, twin, asked.warped)
            if evidence is not None:
                duels.append(Duel(first, second, evidence))
        return tuple(duels)


@dataclass(frozen=True, slots=True, eq=False)
class _Claim:
    reference: Reference
    placement: Placement


@dataclass(frozen=True, slots=True, eq=False)
class _Compared:
    hypothesis: Hypothesis
    warped: WarpedQuery

    @property
    def product_id(self) -> str:
        return self.hypothesis.reference.product_id


def _most_alike(
    own: Sequence[_Compared], twins: Sequence[Reference]
) -> tuple[_Compared, Reference]:
    """Of two products' references those that differ least in light and pose.

    What then still differs is what tells the products apart: a photo beside a catalog picture
    differs everywhere.
    """

    def likeness(pair: tuple[_Compared, Reference]) -> float:
        return float(pair[0].hypothesis.reference.embedding @ pair[1].embedding)

    return max(product(own, twins), key=likeness)


def _compared(query: Query, claim: _Claim) -> _Compared:
    reference = claim.reference
    warped = warp_onto(reference.view, query.image, claim.placement.homography)
    aligned = score_alignment(reference.view, warped)
    coverage = _coverage(claim, aligned.visible)
    return _Compared(Hypothesis(reference, claim.placement, aligned, coverage), warped)


def _by_place(claims: Sequence[_Claim]) -> list[list[_Claim]]:
    places: list[list[_Claim]] = []
    for claim in sorted(claims, key=lambda one: -one.placement.inliers):
        for rivals in places:
            if outline_overlap(rivals[0].placement.outline, claim.placement.outline) > _SAME_PLACE:
                if _may_compete(claim, rivals):
                    rivals.append(claim)
                break
        else:
            places.append([claim])
    return places


def _may_compete(claim: _Claim, rivals: Sequence[_Claim]) -> bool:
    """Whether a product's reference adds something: few of each product, few products."""
    products = [one.reference.product_id for one in rivals]
    own = products.count(claim.reference.product_id)
    return 0 < own < _PER_PRODUCT or (own == 0 and len(set(products)) < _COMPETITORS)


def _coverage(claim: _Claim, visible: float) -> float:
    """Share of the reference's occupied grid cells that hold an inlier, of those in view."""
    features = claim.reference.features
    size = np.array([features.width, features.height], np.float32)
    cells = np.clip((features.points / size * _GRID).astype(int), 0, _GRID - 1)
    occupied = len(np.unique(cells[:, 1] * _GRID + cells[:, 0]))
    hit = cells[claim.placement.reference]
    matched = len(np.unique(hit[:, 1] * _GRID + hit[:, 0]))
    return min(matched / max(occupied * max(visible, 0.05), 1.0), 1.0)


def _similarity(
    embedding: NDArray[np.float32], product_id: str, references: Sequence[Reference]
) -> float:
    own = [one.embedding for one in references if one.product_id == product_id]
    return float(np.max(np.stack(own) @ embedding))
