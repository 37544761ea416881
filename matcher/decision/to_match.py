"""Make matches, in the picture's own pixels, of decided contests; sort and deduplicate them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.decision.decision import Decision, RankedHypothesis
from matcher.detection.crop import Crop
from matcher.imaging.box import Box
from matcher.keypoints.homography import outline_overlap
from matcher.results import Candidate, Detection, Match, PrintEvidence, Verdict, Verification
from matcher.retrieval.shortlist import Shortlist
from matcher.verification.verifier import Contest, Hypothesis

_CANDIDATES: Final = 20  # of one match; nobody reads further
# Highest probability of a product that no keypoint supports; below everything verified.
_GUESS: Final = 0.03
_SAME_COPY: Final = 0.5  # IoU from which two matches are of one copy
_LIKELY: Final = 0.3  # probability from which a verified product is taken to be in view
_BEHIND: Final = 0.4  # share of its probability that a product far behind the subject loses
_CENTRAL: Final = 4.0  # decay of prominence per squared distance from the centre, in picture sides
_NOTHING_VERIFIED: Final = np.zeros((0, 4), np.float32)


def to_match(contest: Contest, crop: Crop, shortlist: Shortlist, decision: Decision) -> Match:
    """Return the match of one contest, outlined where its best product is."""
    ranked = decision.rank(contest)
    best = ranked[0]
    verification = _verification(best.hypothesis, crop)
    probability = decision.answer(best.probability)
    others = sum(rival.probability for rival in ranked[1:])
    height, width = _picture_size(crop)
    around = Box.around(verification.outline).clipped(width, height)
    return Match(
        detection=Detection(around, crop.detection.confidence),
        verdict=decision.verdict(probability, probability + others),
        product_id=best.hypothesis.reference.product_id,
        probability=probability,
        verification=verification,
        candidates=_candidates([replace(best, probability=probability), *ranked[1:]], shortlist)[
            :_CANDIDATES
        ],
        threshold=decision.threshold,
        track=decision.track_calibration,
        printed=_printed(contest),
    )


def nearest_guess(detection: Detection, shortlist: Shortlist) -> Match:
    """Return the match of a thing that no reference fits: the nearest product by embedding."""
    by_likeness = sorted(_candidates([], shortlist), key=lambda candidate: -candidate.similarity)
    candidates = tuple(by_likeness[:_CANDIDATES])
    nearest = candidates[0] if candidates else None
    likeness = 0.0 if nearest is None else max(nearest.similarity, 0.0)
    return Match(
        detection=detection,
        verdict=Verdict.UNKNOWN,
        product_id=None if nearest is None else nearest.product_id,
        probability=_GUESS * detection.confidence * likeness,
        verification=None,
        candidates=candidates,
    )


def deduplicate(matches: Sequence[Match]) -> list[Match]:
    """Return matches, most probable first; of two in one place the less probable is dropped."""
    kept: list[Match] = []
    for match in sorted(matches, key=lambda match: -match.probability):
        if not any(_is_same_place(match, other) for other in kept):
            kept.append(match)
    return kept


def rank_by_prominence(matches: Sequence[Match], width: int, height: int) -> list[Match]:
    """Return matches, most probable first, a subject before products that stand behind it.

    Two different products that are both surely in view would tie, but a photo is mostly taken of
    one: the probability of the less prominent is lowered by up to `_BEHIND`. Verdicts stay.

    Args:
        matches: of one photo.
        width: pixels of the photo.
        height: pixels of the photo.
    """
    prominence = [_prominence(match.detection.box, width, height) for match in matches]
    pairs = list(zip(matches, prominence, strict=True))
    likely = [pair for pair in pairs if _is_likely(pair[0])]
    subject, most = max(likely, key=lambda pair: pair[1], default=(None, 0.0))
    if subject is None or most == 0:
        return sorted(matches, key=lambda match: -match.probability)
    lowered = [
        match
        if match.product_id == subject.product_id
        else replace(match, probability=match.probability * (1 - _BEHIND * (1 - min(p / most, 1))))
        for match, p in pairs
    ]
    return sorted(lowered, key=lambda match: -match.probability)


def _is_likely(match: Match) -> bool:
    return match.verification is not None and match.probability > _LIKELY


def _prominence(box: Box, width: int, height: int) -> float:
    """In [0, 1]: how much of the picture a box takes and how central it is."""
    x = (box.left + box.right) / (2 * width) - 0.5
    y = (box.top + box.bottom) / (2 * height) - 0.5
    extent = float(np.sqrt(box.area / (width * height)))
    return extent * float(np.exp(-_CENTRAL * (x * x + y * y)))


def _is_same_place(one: Match, other: Match) -> bool:
    if one.verification is None or other.verification is None:
        return one.detection.box.iou(other.detection.box) > _SAME_COPY
    return outline_overlap(one.verification.outline, other.verification.outline) > _SAME_COPY


def _verification(hypothesis: Hypothesis, crop: Crop) -> Verification:
    reference, placement = hypothesis.reference, hypothesis.placement
    return Verification(
        product_id=reference.product_id,
        image_id=reference.image_id,
        inliers=placement.inliers,
        correspondences=_correspondences(hypothesis, crop),
        outline=crop.points_in_picture(hypothesis.outline),
        coverage=hypothesis.coverage,
        agreement=hypothesis.alignment.agreement,
    )


def _correspondences(hypothesis: Hypothesis, crop: Crop) -> NDArray[np.float32]:
    reference, placement = hypothesis.reference, hypothesis.placement
    if len(placement.query) == 0:
        return _NOTHING_VERIFIED
    known = reference.features.points[placement.reference].astype(np.float64)
    in_reference = cv2.perspectiveTransform(known[None], reference.crop.to_picture)[0]
    in_picture = crop.points_in_picture(placement.query_points)
    return np.concatenate([in_reference.astype(np.float32), in_picture], axis=1)


def _printed(contest: Contest) -> tuple[PrintEvidence, ...]:
    if not contest.is_read:
        return ()
    return tuple(
        PrintEvidence(item.reference.product_id, item.words) for item in contest.hypotheses
    )


def _candidates(ranked: Sequence[RankedHypothesis], shortlist: Shortlist) -> tuple[Candidate, ...]:
    verified = {rival.hypothesis.reference.product_id: rival.probability for rival in ranked}
    known = dict.fromkeys([*verified, *shortlist.product_ids, *shortlist.similarities])
    return tuple(
        Candidate(
            product_id,
            shortlist.similarities.get(product_id, 0.0),
            verified.get(product_id, 0.0),
            shortlist.ways.get(product_id, ()),
        )
        for product_id in known
    )


def _picture_size(crop: Crop) -> tuple[int, int]:
    """Height and width of the picture, as far as the crop reaches."""
    height, width = crop.image.shape[:2]
    corner = crop.points_in_picture(np.array([[width - 0.5, height - 0.5]]))[0] + 0.5
    return round(float(corner[1])), round(float(corner[0]))
