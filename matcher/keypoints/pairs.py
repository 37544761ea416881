"""Joins pairs of keypoints that different matchers found."""

from matcher.keypoints.features import Correspondences


def merge_pairs(first: Correspondences, second: Correspondences) -> Correspondences:
    """Return all pairs of the first, then those that only the second has."""
    known = set(zip(first.query.tolist(), first.reference.tolist(), strict=True))
    pairs = zip(second.query.tolist(), second.reference.tolist(), strict=True)
    fresh = [index for index, pair in enumerate(pairs) if pair not in known]
    added = Correspondences(second.query[fresh], second.reference[fresh], second.scores[fresh])
    return Correspondences.joined([first, added])
