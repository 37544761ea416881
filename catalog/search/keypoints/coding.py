"""Descriptors as words and codes: 64 signs and 64 sizes of what their word leaves over."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from catalog.encodings.codebook import KeypointCodebook

# Rows whose distances to words are in memory at once.
_CHUNK: Final = 65_536
_BYTES: Final = 8  # of 64 signs, and of 64 sizes
# So many greatest values are found sooner one after the other than by parting a row.
_PICKED_ONE_BY_ONE: Final = 8

Rows = NDArray[np.float32]
Codes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class CodedKeypoints:
    """N keypoints in codes, 16 bytes each.

    Attributes:
        words: (N,) int32.
        signs: (N,) uint64, which coordinates of what the word leaves over are positive.
        sizes: (N,) uint64, which of them are great.
    """

    words: NDArray[np.int32]
    signs: Codes
    sizes: Codes

    def __len__(self) -> int:
        return len(self.words)


def encode_descriptors(descriptors: Rows, codebook: KeypointCodebook) -> CodedKeypoints:
    """Quantise (N, 64) unit descriptors."""
    parts = [
        _encode(descriptors[start : start + _CHUNK] @ codebook.turn, codebook)
        for start in range(0, len(descriptors), _CHUNK)
    ]
    if not parts:
        return CodedKeypoints(np.zeros(0, np.int32), np.zeros(0, np.uint64), np.zeros(0, np.uint64))
    return CodedKeypoints(
        np.concatenate([part.words for part in parts]),
        np.concatenate([part.signs for part in parts]),
        np.concatenate([part.sizes for part in parts]),
    )


def encode_images(images: Iterable[Rows], codebook: KeypointCodebook) -> tuple[CodedKeypoints, ...]:
    """Quantise the (N, 64) unit descriptors of each image, several images at a time."""
    found: list[CodedKeypoints] = []
    waiting: list[Rows] = []
    for rows in images:
        waiting.append(rows)
        if sum(map(len, waiting)) >= _CHUNK:
            found += _encode_together(waiting, codebook)
            waiting = []
    return (*found, *_encode_together(waiting, codebook))


def _encode_together(images: Sequence[Rows], codebook: KeypointCodebook) -> list[CodedKeypoints]:
    ends = np.cumsum([len(rows) for rows in images]).tolist()
    rows = np.concatenate([np.zeros((0, len(codebook.turn)), np.float32), *images])
    coded = encode_descriptors(rows, codebook)
    return (
        [
            CodedKeypoints(coded.words[a:b], coded.signs[a:b], coded.sizes[a:b])
            for a, b in zip([0, *ends[:-1]], ends, strict=True)
        ]
        if images
        else []
    )


def nearest_words(
    turned: Rows, codebook: KeypointCodebook, branches: int, probes: int
) -> NDArray[np.int64]:
    """Return (V, probes) words near each of (V, 64) turned descriptors, in no order.

    Args:
        turned: descriptors times the codebook's turn.
        codebook: whose words.
        branches: nearest ones whose words are looked at, at most all.
        probes: at most the words of so many branches.
    """
    count, width = len(turned), codebook.words.shape[1]
    branches = min(branches, len(codebook.branches))
    probes = min(probes, branches * width)
    chosen = _nearest_branches(turned, codebook, branches)
    order = np.argsort(chosen.ravel(), kind="stable")
    ordered = np.empty((count * branches, width), np.float32)
    _score_words(turned[order // branches], chosen.ravel()[order], codebook, ordered)
    scores = np.empty_like(ordered)
    scores[order] = ordered
    by_voter = scores.reshape(count, branches * width)
    best = _greatest(by_voter, probes)
    found = np.take_along_axis(chosen, best // width, axis=1) * width + best % width
    return np.asarray(found, np.int64)


def sign_codes(left: Rows) -> Codes:
    """Return (N,) codes of the signs of (N, 64) coordinates."""
    return _packed(left > 0)


def decode_left_over(signs: Codes, sizes: Codes, codebook: KeypointCodebook) -> Rows:
    """Return (N, 64) float32, about what the words left over, turned."""
    _, small, great = codebook.levels
    left = np.where(_unpacked(sizes), great, small) * np.where(_unpacked(signs), 1, -1)
    return np.asarray(left, np.float32)


def project_left_over(
    turned: Rows, voter: NDArray[np.int64], coded: CodedKeypoints, codebook: KeypointCodebook
) -> Rows:
    """Return (N,) the products of voters' descriptors with what words left over, not decoded.

    Coordinates are added up eight at a time, by tables of all their sums.

    Args:
        turned: (V, 64) of the voters.
        voter: (N,) whose product each is.
        coded: the N keypoints; their words are not looked at.
        codebook: of the codes.
    """
    patterns = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little")
    octets = turned.reshape(-1, _BYTES)
    sums = (octets @ patterns.T.astype(np.float32)).ravel()
    base = (voter * _BYTES + np.arange(_BYTES)[:, None]) * len(patterns)

    def total(codes: Codes) -> Rows:
        return np.asarray(np.take(sums, base + _octets(codes).T).sum(axis=0), np.float32)

    _, small, great = codebook.levels
    both = total(coded.signs & coded.sizes)
    positive, all_great = total(coded.signs), total(coded.sizes)
    everything = turned.sum(axis=1)[voter]
    of_small = 2 * positive - everything
    return np.asarray(small * of_small + (great - small) * (2 * both - all_great), np.float32)


def _encode(turned: Rows, codebook: KeypointCodebook) -> CodedKeypoints:
    words = _nearest_word(turned, codebook)
    left = turned - codebook.flat_words[words]
    sizes = _packed(np.abs(left) > codebook.levels[0])
    return CodedKeypoints(words.astype(np.int32), sign_codes(left), sizes)


def _nearest_word(turned: Rows, codebook: KeypointCodebook) -> NDArray[np.int64]:
    """(N,) the nearest word of the nearest branch: `nearest_words` for whole catalogs."""
    branches = np.argmax(turned @ codebook.branches.T - codebook.branch_halves, axis=1)
    order = np.argsort(branches, kind="stable")
    scores = np.empty((len(turned), codebook.words.shape[1]), np.float32)
    _score_words(turned[order], branches[order], codebook, scores)
    words = np.empty(len(turned), np.int64)
    words[order] = branches[order] * codebook.words.shape[1] + scores.argmax(axis=1)
    return words


def _score_words(
    turned: Rows, branches: NDArray[np.int64], codebook: KeypointCodebook, scores: Rows
) -> None:
    """Fill (N, B) scores of the words of (N,) ascending branches; the nearest has the greatest."""
    rows = np.concatenate((turned, np.ones((len(turned), 1), np.float32)), axis=1)
    starts = np.searchsorted(branches, np.arange(len(codebook.branches) + 1)).tolist()
    for branch, (start, end) in enumerate(pairwise(starts)):
        if start < end:
            np.matmul(rows[start:end], codebook.scoring[branch], out=scores[start:end])


def _nearest_branches(turned: Rows, codebook: KeypointCodebook, branches: int) -> NDArray[np.int64]:
    scores = turned @ codebook.branches.T - codebook.branch_halves
    return _greatest(scores, branches)


def _greatest(scores: Rows, count: int) -> NDArray[np.int64]:
    """(V, count) places of the greatest of each row, in no order; uses the scores up."""
    if count > _PICKED_ONE_BY_ONE:
        best = np.argpartition(-scores, count - 1, axis=1)[:, :count]
        return np.asarray(best, np.int64)
    rows = np.arange(len(scores))
    found = np.empty((len(scores), count), np.int64)
    for place in range(count):
        found[:, place] = scores.argmax(axis=1)
        scores[rows, found[:, place]] = -np.inf
    return found


def _packed(bits: NDArray[np.bool_]) -> Codes:
    return np.packbits(bits, axis=1, bitorder="little").view(np.uint64)[:, 0]


def _unpacked(codes: Codes) -> NDArray[np.uint8]:
    return np.unpackbits(_octets(codes), axis=1, bitorder="little")


def _octets(codes: Codes) -> NDArray[np.uint8]:
    return np.ascontiguousarray(codes).view(np.uint8).reshape(len(codes), _BYTES)
