"""Pairs keypoints by attention: one query with several references in one call."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.errors import MatcherError
from matcher.keypoints.features import Correspondences, LocalFeatures
from matcher.keypoints.sinkhorn import select_mutual_pairs
from matcher.networks.runtime import LoadedNetwork

_BATCH: Final = 8  # references per call; bounds the memory of attention
# Keypoints; padding to multiples bounds how many shapes the runtime has to prepare for.
_LENGTH_STEP: Final = 64
_CENTRED_SPAN: Final = np.float32(0.7)  # of the longer side; as in SuperGlue's release


Floats = NDArray[np.float32]


class AttentionMatcher(ABC):
    """Implements `KeypointMatcher`; attends to all keypoints of both pictures at once."""

    def __init__(self, network: LoadedNetwork, threshold: float, keypoints: int) -> None:
        """Take a loaded network.

        Args:
            network: with the functions `encode` and `attend`.
            threshold: pairs at or below this probability count as unmatched.
            keypoints: most of each side, those most similar to one of the other; all if it is 0.
        """
        self._encode = network.functions["encode"]
        self._attend = network.functions["attend"]
        self._name = network.weights.network
        self._dimension = int(network.facts["descriptors"])
        self._oriented = network.facts["geometry"] > 3
        self._threshold = threshold
        self._keypoints = keypoints

    @abstractmethod
    def probabilities(self, y0: Floats, y1: Floats) -> NDArray[np.float64]:
        """Return (M, N) probabilities of pairs, of what `attend` made of each side."""

    def match(
        self, query: LocalFeatures, references: Sequence[LocalFeatures]
    ) -> list[Correspondences]:
        """Match one query with several references, in their order; blocks while it computes.

        Empty features have no pairs.

        Raises:
            MatcherError: descriptors are not of the length that the network was trained for.
        """
        for features in (query, *references):
            self._check(features)
        found = [Correspondences.joined([]) for _ in references]
        busy = [index for index, features in enumerate(references) if len(features)]
        if not len(query) or not busy:
            return found
        (encoded,) = self._encoded([query])
        for start in range(0, len(busy), _BATCH):
            chosen = busy[start : start + _BATCH]
            kept = [self._kept(query, references[index]) for index in chosen]
            pairs = self._match(
                [encoded[rows] for rows, _ in kept],
                [
                    references[index].select(columns)
                    for index, (_, columns) in zip(chosen, kept, strict=True)
                ],
            )
            for index, (rows, columns), pair in zip(chosen, kept, pairs, strict=True):
                found[index] = Correspondences(
                    rows[pair.query], columns[pair.reference], pair.scores
                )
        return found

    def _kept(
        self, query: LocalFeatures, reference: LocalFeatures
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        limit = self._keypoints or max(len(query), len(reference))
        return select_most_similar(query, reference, limit)

    def _check(self, features: LocalFeatures) -> None:
        given = features.descriptors.shape[1]
        if len(features) and given != self._dimension:
            raise MatcherError(
                f"this {self._name} pairs descriptors of length {self._dimension}, not {given}; "
                "use it with the front end that it was trained with."
            )

    def _match(
        self, queries: Sequence[NDArray[np.float32]], references: Sequence[LocalFeatures]
    ) -> list[Correspondences]:
        first, mask0 = _padded(queries)
        second, mask1 = _padded(self._encoded(references))
        y0, y1 = self._attend(first, mask0, second, mask1)
        return [
            self._paired(y0[index, : len(query)], y1[index, : len(features)])
            for index, (query, features) in enumerate(zip(queries, references, strict=True))
        ]

    def _paired(self, y0: Floats, y1: Floats) -> Correspondences:
        pairs = select_mutual_pairs(self.probabilities(y0, y1), self._threshold)
        return Correspondences(*pairs)

    def _encoded(self, several: Sequence[LocalFeatures]) -> list[NDArray[np.float32]]:
        """(N, width) of each picture; in one call, since nothing attends to other keypoints yet."""
        geometry = np.concatenate(
            [keypoint_geometry(features, self._oriented) for features in several]
        )
        descriptors = np.concatenate([features.descriptors for features in several])
        length = _rounded_up(len(geometry))
        padding = ((0, length - len(geometry)), (0, 0))
        (encoded,) = self._encode(
            np.pad(geometry, padding)[None], np.pad(descriptors, padding)[None]
        )
        ends = np.cumsum([len(features) for features in several])
        return np.split(encoded[0, : ends[-1]], ends[:-1])


def keypoint_geometry(features: LocalFeatures, oriented: bool) -> NDArray[np.float32]:
    """Return the (N, 3 or 6) input of the keypoint encoder, see `superglue.keypoints`."""
    longest = np.float32(max(features.width, features.height))
    centre = np.array([features.width, features.height], dtype=np.float32) / 2
    placed = (features.points - centre) / (_CENTRED_SPAN * longest)
    columns: list[NDArray[np.floating]] = [placed, features.scores[:, None]]
    if oriented:
        share = np.maximum(features.scales, 1.0) / longest
        columns += [np.log2(share)[:, None]]
        columns += [np.cos(features.angles)[:, None], np.sin(features.angles)[:, None]]
    return np.concatenate(columns, axis=1, dtype=np.float32)


def _padded(
    several: Sequence[NDArray[np.float32]],
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """(B, N, C) and the (B, N) mask of what is real."""
    length = _rounded_up(max(len(rows) for rows in several))
    stacked = np.zeros((len(several), length, several[0].shape[1]), dtype=np.float32)
    mask = np.zeros((len(several), length), dtype=np.bool_)
    for index, rows in enumerate(several):
        stacked[index, : len(rows)] = rows
        mask[index, : len(rows)] = True
    return stacked, mask


def _rounded_up(length: int) -> int:
    return -(-length // _LENGTH_STEP) * _LENGTH_STEP


def select_most_similar(
    query: LocalFeatures, reference: LocalFeatures, limit: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return ascending indices of at most `limit` keypoints per side, chosen by best cosine.

    Args:
        query: at least one keypoint.
        reference: at least one keypoint.
        limit: at least 1.
    """
    if len(query) <= limit and len(reference) <= limit:
        return np.arange(len(query)), np.arange(len(reference))
    cosine = query.descriptors @ reference.descriptors.T
    return _largest(cosine.max(axis=1), limit), _largest(cosine.max(axis=0), limit)


def _largest(values: NDArray[np.float32], limit: int) -> NDArray[np.intp]:
    if len(values) <= limit:
        return np.arange(len(values))
    return np.sort(np.argpartition(-values, limit - 1)[:limit])
