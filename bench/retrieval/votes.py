"""The cost of votes by keypoints in a whole catalog, and what they keep of exact votes."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.progress import Progress, silent
from bench.retrieval.votes_material import VotesMaterial, make_references
from bench.table import Figures, Table
from catalog.encodings.codebook import KeypointCodebook
from catalog.search.keypoints.base_file import BaseName, KeypointFiles
from catalog.search.keypoints.coding import encode_images
from catalog.search.keypoints.inverted_file import NEIGHBOURS
from catalog.search.keypoints.keypoint_index import KeypointBlock, KeypointIndex, join_blocks
from catalog.search.keypoints.votes import VOTERS, NearKeypoints, count_votes
from catalog.search.vector_index import ImageReference

SIZES: Final = (13_000, 100_000)
BEST: Final = 12  # products of the shortlist
_NAME: Final = BaseName("bench", ("bench",))
_MOST_VOTERS: Final = 700  # keypoints of a look that vote exactly
_WARM: Final = 3  # looks that touch the pages before any is measured
_AT_ONCE: Final = 200_000  # keypoints that exact votes compare at once

Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class VotesFigures:
    """Votes among so many references.

    Attributes:
        references: in the catalog.
        keypoints: of them.
        p50_ms: of a look, by the clock.
        p95_ms: 95th percentile of the same.
        cpu_ms: median processor time of a look, of all threads.
        bytes_each: of a keypoint, the file over their number.
        build_s: from descriptors, or codes for those that are made, to the mapped file.
        open_s: from the file to the first answer.
        right: share of looks whose product is among the best 12.
        right_kept: of the looks whose product exact votes among the real references have among
            their best 12, the share that has it there; also among made references.
        best_kept: of exact votes' best 12 with any vote, the share that is among the best 12; None
            where references are made.
    """

    references: int
    keypoints: int
    p50_ms: float
    p95_ms: float
    cpu_ms: float
    bytes_each: float
    build_s: float
    open_s: float
    right: float
    right_kept: float
    best_kept: float | None


@dataclass(frozen=True, slots=True)
class VotesResult(Figures):
    """All figures.

    Attributes:
        figures: by number of references.
        looks: that were measured.
        real: references that were described.
        exact_ms: median of an exact vote among the real ones.
        exact_right: share of looks whose product exact votes have among their best 12.
        fewer_kept: of exact votes' best 12, the share that exact votes of the 500 strongest of 700
            keypoints keep: how much of the 12 is chance.
    """

    figures: tuple[VotesFigures, ...]
    looks: int
    real: int
    exact_ms: float
    exact_right: float
    fewer_kept: float

    def table(self) -> Table:
        """For people."""
        rows = tuple(
            (
                f"{size.references:,} references, {size.keypoints / 1e6:.1f} M keypoints",
                f"{size.p50_ms:.1f}",
                f"{size.p95_ms:.1f}",
                f"{size.cpu_ms:.1f}",
                f"{size.bytes_each:.1f}",
                f"{size.right:.3f}",
                f"{size.right_kept:.3f}",
                "" if size.best_kept is None else f"{size.best_kept:.3f}",
                f"{size.build_s:.1f}",
                f"{size.open_s:.2f}",
            )
            for size in self.figures
        )
        exact = (
            f"exact votes, {self.real:,} references",
            f"{self.exact_ms:.0f}",
            "",
            "",
            "256",
            f"{self.exact_right:.3f}",
            "1.000",
            "1.000",
            "",
            "",
        )
        columns = (
            "votes among",
            "p50 ms",
            "p95 ms",
            "cpu ms",
            "bytes",
            "right in 12",
            "right kept",
            "12 kept",
            "build s",
            "open s",
        )
        return Table(
            "Votes by keypoints",
            columns,
            (*rows, exact),
            (
                f"{self.looks} photos; {self.real:,} references are real, the others are made of "
                "keypoints of those that no photo shows, disturbed",
                "right kept: of photos whose product exact votes among real ones have in 12",
                "12 kept: of exact votes' 12; exact votes of 500 keypoints instead of 700 keep "
                f"{self.fewer_kept:.3f}, so the rest is chance",
            ),
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Exact:
    """Exact votes of each look for the real references, by 700 keypoints and by 500."""

    votes: tuple[NDArray[np.float64], ...]
    fewer: tuple[NDArray[np.float64], ...]
    ms: float


def measure_votes(
    material: VotesMaterial,
    codebook: KeypointCodebook,
    sizes: Sequence[int],
    seed: int,
    on_progress: Progress = silent,
) -> VotesResult:
    """Measure at the number of real references, and at each size.

    Raises:
        BenchError: exact votes find none of the products.
    """
    exact = _vote_exactly(material, on_progress)
    places = _places(material)
    right = np.array(
        [_rank(votes, place) < BEST for votes, place in zip(exact.votes, places, strict=True)]
    )
    if not right.any():
        raise BenchError("exact votes find none of the photos' products")
    started = time.perf_counter()
    coded = encode_images(material.references, codebook)
    references = [ImageReference(name, name) for name in material.products]
    real = KeypointBlock.of(references, coded, codebook)
    encode_s = time.perf_counter() - started
    # Copies of what a photo shows would be products that it shows as well.
    shown = frozenset(material.truths)
    pairs = zip(coded, material.products, strict=True)
    others = [code for code, name in pairs if name not in shown]
    rng = np.random.default_rng(seed)
    figures = []
    for done, size in enumerate((len(references), *sizes)):
        on_progress(f"{size:,} references", done, len(sizes) + 1)
        made = max(size - len(references), 0)
        started = time.perf_counter()
        block = real
        if made:
            more = make_references(others, made, codebook.word_count, rng)
            block = join_blocks((real, more))
        build_s = encode_s + time.perf_counter() - started
        with TemporaryDirectory(prefix="skulens-") as folder:
            trial = _try(block, material, codebook, Path(folder))
        figures.append(_figures(trial, build_s, exact, right, material, is_real=not made))
    kept = [
        _kept(_best_places(few), many) for few, many in zip(exact.fewer, exact.votes, strict=True)
    ]
    return VotesResult(
        tuple(figures),
        len(material.looks),
        len(references),
        exact.ms,
        float(right.mean()),
        float(np.mean(kept)),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Trial:
    references: int
    keypoints: int
    size: int
    write_s: float
    open_s: float
    ms: tuple[float, ...]
    cpu_ms: tuple[float, ...]
    best: tuple[tuple[str, ...], ...]


def _try(
    block: KeypointBlock, material: VotesMaterial, codebook: KeypointCodebook, folder: Path
) -> _Trial:
    files = KeypointFiles(folder)
    started = time.perf_counter()
    files.write(_NAME, block)
    written = time.perf_counter()
    count, keypoints = len(block.references), len(block.file)
    mapped = files.read(_NAME)
    if mapped is None:
        raise BenchError(f"the index could not be written to {folder}; free some space")
    index = KeypointIndex.over(codebook, mapped)
    index.votes(material.looks[0], BEST)
    opened = time.perf_counter()
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    times, costs, best = [], [], []
    warm = material.looks[:_WARM]
    for look in (*warm, *material.looks):
        begun, spent = time.perf_counter(), time.process_time()
        found = index.votes(look, BEST)
        times.append((time.perf_counter() - begun) * 1000)
        costs.append((time.process_time() - spent) * 1000)
        best.append(tuple(vote.product_id for vote in found))
    return _Trial(
        count,
        keypoints,
        size,
        written - started,
        opened - written,
        tuple(times[len(warm) :]),
        tuple(costs[len(warm) :]),
        tuple(best[len(warm) :]),
    )


def _figures(
    trial: _Trial,
    build_s: float,
    exact: _Exact,
    right: NDArray[np.bool_],
    material: VotesMaterial,
    *,
    is_real: bool,
) -> VotesFigures:
    numbers: Mapping[str, int] = {name: row for row, name in enumerate(material.products)}
    found = np.array(
        [truth in best for truth, best in zip(material.truths, trial.best, strict=True)]
    )
    kept = [
        _kept(frozenset(numbers[name] for name in best), votes)
        for best, votes in zip(trial.best, exact.votes, strict=True)
        if is_real
    ]
    return VotesFigures(
        references=trial.references,
        keypoints=trial.keypoints,
        p50_ms=float(np.percentile(trial.ms, 50)),
        p95_ms=float(np.percentile(trial.ms, 95)),
        cpu_ms=float(np.median(trial.cpu_ms)),
        bytes_each=trial.size / trial.keypoints,
        build_s=build_s + trial.write_s,
        open_s=trial.open_s,
        right=float(found.mean()),
        right_kept=float(found[right].mean()),
        best_kept=float(np.mean(kept)) if is_real else None,
    )


def _vote_exactly(material: VotesMaterial, on_progress: Progress) -> _Exact:
    votes, fewer, times = [], [], []
    products = np.arange(len(material.references))
    for done, look in enumerate(material.looks):
        on_progress("exact votes", done, len(material.looks))
        started = time.perf_counter()
        near = nearest_exactly(look[:_MOST_VOTERS], material.references)
        votes.append(count_votes(near, products))
        times.append((time.perf_counter() - started) * 1000)
        some = NearKeypoints(near.cosines[:VOTERS], near.images[:VOTERS])
        fewer.append(count_votes(some, products))
    return _Exact(tuple(votes), tuple(fewer), float(np.median(times)))


def nearest_exactly(look: Rows, references: Sequence[Rows]) -> NearKeypoints:
    """Return the nearest images of each of (V, 64) descriptors, by the nearest keypoint of each."""
    sizes = np.array([len(rows) for rows in references])
    groups = np.cumsum(sizes) // _AT_ONCE
    nearest = np.full((len(look), len(references)), -2, np.float32)
    for group in np.unique(groups):
        members = np.flatnonzero((groups == group) & (sizes > 0)).tolist()
        if not members:
            continue
        rows = np.concatenate([references[member] for member in members])
        starts = np.cumsum(sizes[members]) - sizes[members]
        nearest[:, members] = np.maximum.reduceat(look @ rows.T, starts, axis=1)
    count = min(NEIGHBOURS, len(references))
    images = np.argpartition(-nearest, count - 1, axis=1)[:, :count]
    cosines = np.take_along_axis(nearest, images, axis=1)
    order = np.argsort(-cosines, axis=1, kind="stable")
    return NearKeypoints(
        np.take_along_axis(cosines, order, axis=1),
        np.take_along_axis(images, order, axis=1).astype(np.int64),
    )


def _places(material: VotesMaterial) -> list[int]:
    numbers = {name: row for row, name in enumerate(material.products)}
    return [numbers.get(truth, -1) for truth in material.truths]


def _rank(votes: NDArray[np.float64], place: int) -> int:
    if place < 0 or votes[place] <= 0:
        return len(votes)
    return int((votes > votes[place]).sum())


def _best_places(votes: NDArray[np.float64]) -> frozenset[int]:
    return frozenset(row for row in np.argsort(-votes)[:BEST].tolist() if votes[row] > 0)


def _kept(found: frozenset[int], exact: NDArray[np.float64]) -> float:
    best = _best_places(exact)
    return len(best & found) / len(best) if best else 1.0
