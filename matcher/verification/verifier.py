"""Verify: which references does a picture really show, and where.

Four questions about (picture, reference): how many keypoints correspond, do they agree on one
homography, which share of the visible reference is matched, and does the warped picture look like
the reference. What an embedding says depends on how those of the catalog spread. References that
claim one place compete in a contest.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import permutations, product
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from matcher.keypoints.closer_look import CloserLook
from matcher.keypoints.features import Correspondences, KeypointMatcher, LocalFeatures
from matcher.keypoints.homography import (
    HOMOGRAPHY_SETTINGS,
    HomographySettings,
    Placement,
    find_placements,
    outline_overlap,
)
from matcher.retrieval.embedder import Embedder
from matcher.retrieval.reference import Reference, shows_product_alone
from matcher.retrieval.spread import USUAL_SPREAD, SimilaritySpread
from matcher.verification.alignment import AlignmentScore, WarpedQuery, score_alignment, warp_onto
from matcher.verification.comparator import AlignedPair, Comparator
from matcher.verification.twin_test import TwinEvidence, TwinTest
from matcher.words.comparison import WordComparison

_LEAST_AGREEMENT: Final = 0.01  # keeps strengths positive, so that inliers order the hopeless
_SMALLEST_KEYPOINT: Final = 2.2  # pixels of diameter in the query; smaller ones are not found
# Share of a reference. Where less is in view, the rest counts as unmatched: a corner that agrees in
# full is no proof of a product whose near-twins share it.
_LEAST_VISIBLE: Final = 0.5


@dataclass(frozen=True, slots=True)
class VerifierSettings:
    """Bounds of a contest."""

    same_place: float = 0.5  # covered share of the smaller outline from which claims compete
    competitors: int = 5  # products of a contest: the best supported ones
    per_product: int = 2  # references of a product that are compared
    tested: int = 3  # strongest hypotheses among which twins are tested
    weak: float = 0.12  # of the strongest hypothesis; weaker ones are not worth a twin test
    sure: int = 120  # inliers from which a closer look changes nothing
    promising: int = 8  # inliers; fewer agree by chance
    grid: int = 10  # cells of a reference, across and down, in which coverage is counted
    homography: HomographySettings = HOMOGRAPHY_SETTINGS


VERIFIER_SETTINGS: Final = VerifierSettings()


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
        reference: claimed to be in view.
        placement: the place, and the keypoints that support it.
        alignment: how much the place looks like the reference.
        coverage: in [0, 1], share of the visible reference that is matched; of half of it where
            less is visible.
        matched: in (0, 1], share of the reference's keypoints the query could show that agree.
        lead: how much the place's embedding is nearer to the product's nearest reference than
            those of other products are to the query, in standard deviations of these.
        difference: in [-6, 0], log-odds that it shows another print; -6 for surely the same.
        is_proven: False for a photo in which nothing but the detector told the product from what
            is around it, while another reference of the product shows it alone.
        words: log-likelihood ratio of what was read at the places of the reference's words; 0 where
            nothing was read.
        readings: of these words; none where nothing was read.
    """

    reference: Reference
    placement: Placement
    alignment: AlignmentScore
    coverage: float
    matched: float = 1.0
    lead: float = 0.0
    difference: float = 0.0
    is_proven: bool = True
    words: float = 0.0
    readings: tuple[WordComparison, ...] = ()

    @property
    def outline(self) -> NDArray[np.float32]:
        """(4, 2) corners of the product in the query."""
        return self.placement.carry(self.reference.corners)

    @property
    def strength(self) -> float:
        """Orders hypotheses before they are calibrated."""
        agreement = max(self.alignment.agreement, _LEAST_AGREEMENT)
        return agreement * float(np.sqrt(self.placement.inliers))


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
        is_read: whether words were read for it.
    """

    hypotheses: tuple[Hypothesis, ...]
    duels: tuple[Duel, ...]
    is_read: bool = False


class Verifier:
    """Keypoint pairs, homographies, aligned comparison and twin tests."""

    def __init__(
        self,
        matcher: KeypointMatcher,
        twin_test: TwinTest,
        embedder: Embedder,
        comparator: Comparator,
        settings: VerifierSettings = VERIFIER_SETTINGS,
        closer: CloserLook | None = None,
    ) -> None:
        """Compose a verifier.

        Args:
            matcher: pairs the keypoints of every reference.
            twin_test: tells competitors apart.
            embedder: of places that were found.
            comparator: of aligned pictures.
            settings: bounds of a contest.
            closer: where the quick pairs leave doubt, pairs those of the likeliest again.
        """
        self._matcher = matcher
        self._closer = closer
        self._twin_test = twin_test
        self._embedder = embedder
        self._comparator = comparator
        self._settings = settings

    def verify(
        self,
        query: Query,
        references: Sequence[Reference],
        spread: SimilaritySpread = USUAL_SPREAD,
        *,
        thorough: bool = True,
    ) -> list[Contest]:
        """Return every place of the picture where a reference is found, strongest first.

        Args:
            query: the picture.
            references: that may be in it.
            spread: of the similarities between the picture and the catalog.
            thorough: look closer even where the quick pairs agree on nothing.
        """
        claims = self._claims(query, references, thorough=thorough)
        contests = [self._contest(query, rivals, references) for rivals in self._by_place(claims)]
        contests.sort(key=lambda contest: -contest.hypotheses[0].strength)
        return self._with_leads(query, contests, references, spread)

    def pairs(self, query: Query, references: Sequence[Reference]) -> list[Correspondences]:
        """Return the keypoint pairs with each reference, before any geometry."""
        return self._matcher.match(query.features, [item.features for item in references])

    def _claims(
        self, query: Query, references: Sequence[Reference], *, thorough: bool
    ) -> list["_Claim"]:
        pairs = self.pairs(query, references)
        claims = [self._placed(query, *pair) for pair in zip(references, pairs, strict=True)]
        if self._closer is not None:
            chosen = self._doubtful(claims, pairs, thorough=thorough)[: self._closer.references]
            closer = self._closer.pair(
                query.features,
                [references[index].features for index in chosen],
                [pairs[index] for index in chosen],
            )
            for index, again in zip(chosen, closer, strict=True):
                claims[index] = self._placed(query, references[index], again)
        return [claim for several in claims for claim in several]

    def _placed(self, query: Query, reference: Reference, pairs: Correspondences) -> list["_Claim"]:
        found = find_placements(
            pairs, query.features, reference.features, self._settings.homography
        )
        return [_Claim(reference, placement) for placement in found]

    def _doubtful(
        self,
        claims: Sequence[Sequence["_Claim"]],
        pairs: Sequence[Correspondences],
        *,
        thorough: bool,
    ) -> list[int]:
        """Return references, likeliest first; none where one is sure or all are hopeless."""
        support = [max((claim.placement.inliers for claim in own), default=0) for own in claims]
        least = 0 if thorough else self._settings.promising
        if not least <= max(support, default=0) < self._settings.sure:
            return []
        return sorted(range(len(pairs)), key=lambda index: (-support[index], -len(pairs[index])))

    def _by_place(self, claims: Sequence["_Claim"]) -> list[list["_Claim"]]:
        places: list[list[_Claim]] = []
        for claim in sorted(claims, key=lambda claim: -claim.placement.inliers):
            for rivals in places:
                overlap = outline_overlap(rivals[0].placement.outline, claim.placement.outline)
                if overlap > self._settings.same_place:
                    if self._may_compete(claim, rivals):
                        rivals.append(claim)
                    break
            else:
                places.append([claim])
        return places

    def _may_compete(self, claim: "_Claim", rivals: Sequence["_Claim"]) -> bool:
        """Return whether a claim adds something: few of each product, few products."""
        products = [rival.reference.product_id for rival in rivals]
        own = products.count(claim.reference.product_id)
        if own:
            return own < self._settings.per_product
        return len(set(products)) < self._settings.competitors

    def _contest(
        self, query: Query, rivals: Sequence["_Claim"], references: Sequence[Reference]
    ) -> Contest:
        compared = [self._compare(query, rival, references) for rival in rivals]
        compared.sort(key=lambda candidate: -candidate.hypothesis.strength)
        best: dict[str, _Compared] = {}
        for candidate in compared:
            best.setdefault(candidate.product_id, candidate)
        hypotheses = self._with_differences(list(best.values()))
        return Contest(hypotheses, self._duels(hypotheses, compared, references))

    def _compare(
        self, query: Query, claim: "_Claim", references: Sequence[Reference]
    ) -> "_Compared":
        reference = claim.reference
        warped = warp_onto(reference.view, query.image, claim.placement.homography)
        alignment = score_alignment(reference.view, warped)
        coverage = self._coverage(claim, alignment.visible)
        hypothesis = Hypothesis(
            reference,
            claim.placement,
            alignment,
            coverage,
            matched=_matched_share(query, claim),
            is_proven=_is_proven(reference, references),
        )
        return _Compared(hypothesis, warped)

    def _coverage(self, claim: "_Claim", visible: float) -> float:
        """Return the share of occupied cells in view, of half of all at least, with an inlier."""
        grid, features = self._settings.grid, claim.reference.features
        size = np.array([features.width, features.height], np.float32)
        cells = np.clip((features.points / size * grid).astype(int), 0, grid - 1)
        occupied = len(np.unique(cells[:, 1] * grid + cells[:, 0]))
        hit = cells[claim.placement.reference]
        matched = len(np.unique(hit[:, 1] * grid + hit[:, 0]))
        return min(matched / max(occupied * max(visible, _LEAST_VISIBLE), 1.0), 1.0)

    def _with_differences(self, compared: Sequence["_Compared"]) -> tuple[Hypothesis, ...]:
        hypotheses = [candidate.hypothesis for candidate in compared]
        differences = self._comparator.differences(
            [
                AlignedPair(hypothesis.reference.view, candidate.warped, hypothesis.alignment)
                for candidate, hypothesis in zip(compared, hypotheses, strict=True)
            ]
        )
        return tuple(
            replace(hypothesis, difference=float(difference))
            for hypothesis, difference in zip(hypotheses, differences, strict=True)
        )

    def _with_leads(
        self,
        query: Query,
        contests: Sequence[Contest],
        references: Sequence[Reference],
        spread: SimilaritySpread,
    ) -> list[Contest]:
        outlines = [contest.hypotheses[0].outline for contest in contests]
        embeddings = self._embedder.embed(
            [Box.around(outline).crop(query.image) for outline in outlines]
        )
        return [
            replace(
                contest,
                hypotheses=tuple(
                    replace(
                        claim,
                        lead=spread.lead(_similarity(embedding, claim.reference, references)),
                    )
                    for claim in contest.hypotheses
                ),
            )
            for contest, embedding in zip(contests, embeddings, strict=True)
        ]

    def _duels(
        self,
        hypotheses: Sequence[Hypothesis],
        compared: Sequence["_Compared"],
        references: Sequence[Reference],
    ) -> tuple[Duel, ...]:
        enough = self._settings.weak * hypotheses[0].strength
        close = [
            (index, hypothesis.reference.product_id)
            for index, hypothesis in enumerate(hypotheses[: self._settings.tested])
            if hypothesis.strength > enough
        ]
        duels = []
        for (first, product_id), (second, twin_id) in permutations(close, 2):
            own = [candidate for candidate in compared if candidate.product_id == product_id]
            twins = [reference for reference in references if reference.product_id == twin_id]
            candidate, twin = _most_alike(own, twins)
            evidence = self._twin_test.compare(
                candidate.hypothesis.reference, twin, candidate.warped
            )
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


def _matched_share(query: Query, claim: _Claim) -> float:
    """Return the share of the reference's keypoints in view, and large enough there, that agree."""
    features, placement = claim.reference.features, claim.placement
    height, width = query.image.shape[:2]
    x, y = placement.carry(features.points).T
    area = cv2.contourArea(placement.outline) / (features.width * features.height)
    large = features.scales * np.sqrt(area) > _SMALLEST_KEYPOINT
    in_view = (x >= 0) & (y >= 0) & (x < width) & (y < height) & large
    return placement.inliers / max(int(in_view.sum()), placement.inliers)


def _is_proven(reference: Reference, references: Sequence[Reference]) -> bool:
    own = (item for item in references if item.product_id == reference.product_id)
    return shows_product_alone(reference) or not any(shows_product_alone(item) for item in own)


def _most_alike(
    own: Sequence[_Compared], twins: Sequence[Reference]
) -> tuple[_Compared, Reference]:
    """Return those of two products' references that differ least in light and pose.

    What then still differs tells the products apart: a photo beside a catalog picture differs
    everywhere.
    """

    def likeness(pair: tuple[_Compared, Reference]) -> float:
        return float(pair[0].hypothesis.reference.embedding @ pair[1].embedding)

    return max(product(own, twins), key=likeness)


def _similarity(
    embedding: NDArray[np.float32], claimed: Reference, references: Sequence[Reference]
) -> float:
    own = [item.embedding for item in references if item.product_id == claimed.product_id]
    return float(np.max(np.stack(own) @ embedding))
