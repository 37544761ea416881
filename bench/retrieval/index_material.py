"""Material to measure an index on: real photos, the references they show, and many other pictures.

References and photos are those of the protocols; distractors are seeded crops of pictures that show
other things. A million vectors are more than there is time to encode, so beyond the encoded ones
they are mixtures of two of them, which is said with the figures.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count as counted
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.progress import Progress, silent
from bench.recognition.dataset import PICTURE_SUFFIXES
from bench.recognition.protocols import lay_out
from catalog.ingest.image_file import read_image
from matcher.retrieval.embedder import Embedder

PROTOCOLS: Final = ("four-reference", "dvd", "apc")
DISTRACTORS: Final = (
    "clothing_cc0",
    "eval_only/freiburg_boxes",
    "boofcv_photos",
    "art_boxes",
    "beverage3",
)
MOST_ENCODED: Final = 100_000
_BATCH: Final = 64
# Of a crop: share of the picture's height, height by width, place across and down.
_LEAST: Final = (0.3, 0.6, 0.0, 0.0)
_GREATEST: Final = (1.0, 1.6, 1.0, 1.0)
_KEPT_EVERY: Final = 8192
_MIXED_NOISE: Final = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class IndexMaterial:
    """Vectors to search, and searches with known answers.

    Attributes:
        references: (R, D) float32 unit vectors of the products' pictures.
        products: of the references, R texts.
        distractors: (N, D), of pictures that show none of the products.
        queries: (Q, D), of photos.
        truths: the product that each photo shows, Q texts.
        encoded: how many of the distractors are of real pictures.
    """

    references: NDArray[np.float32]
    products: tuple[str, ...]
    distractors: NDArray[np.float32]
    queries: NDArray[np.float32]
    truths: tuple[str, ...]
    encoded: int

    def sized(self, size: int) -> "IndexMaterial":
        """With as many distractors as make `size` vectors in all."""
        kept = self.distractors[: max(size - len(self.references), 0)]
        return IndexMaterial(
            self.references, self.products, kept, self.queries, self.truths, self.encoded
        )

    @property
    def vectors(self) -> NDArray[np.float32]:
        """References first, then distractors."""
        return np.concatenate((self.references, self.distractors))

    @property
    def owners(self) -> tuple[str, ...]:
        """The product of each vector; a distractor is a product of its own."""
        others = tuple(f"other-{number}" for number in range(len(self.distractors)))
        return (*self.products, *others)


@dataclass(frozen=True, slots=True)
class IndexPictures:
    """Where the pictures are.

    Attributes:
        references: of the products.
        products: of the references.
        photos: of the products.
        truths: the product that each photo shows.
        others: pictures that show none of the products.
    """

    references: tuple[Path, ...]
    products: tuple[str, ...]
    photos: tuple[Path, ...]
    truths: tuple[str, ...]
    others: tuple[Path, ...]


def find_index_pictures(shared: Path) -> IndexPictures:
    """The pictures to embed, in a folder of real pictures.

    Raises:
        BenchError: they are missing.
    """
    references: list[tuple[Path, str]] = []
    photos: list[tuple[Path, str]] = []
    with TemporaryDirectory(prefix="skulens-") as folder:
        for protocol in PROTOCOLS:
            dataset = lay_out(protocol, shared, Path(folder))
            for product, paths in dataset.references().items():
                references += [(path.resolve(), product) for path in paths]
            photos += [
                (query.path.resolve(), query.truth) for query in dataset.queries if query.truth
            ]
    others = sorted(
        path
        for folder in DISTRACTORS
        for path in (shared / folder).rglob("*")
        if path.suffix.lower() in PICTURE_SUFFIXES
    )
    if not others:
        raise BenchError(f"there are none of {', '.join(DISTRACTORS)} in {shared}")
    return IndexPictures(
        tuple(path for path, _ in references),
        tuple(product for _, product in references),
        tuple(path for path, _ in photos),
        tuple(truth for _, truth in photos),
        tuple(others),
    )


def make_index_material(
    pictures: IndexPictures,
    embedder: Embedder,
    size: int,
    seed: int,
    cache: Path,
    on_progress: Progress = silent,
) -> IndexMaterial:
    """Read and embed; distractors that were embedded before are taken from the cache.

    Args:
        pictures: to embed.
        embedder: of the catalog.
        size: vectors in all.
        seed: of crops and mixtures.
        cache: a folder; may be deleted at any time.
        on_progress: called with each stage.
    """
    references, photos = pictures.references, pictures.photos
    wanted = max(size - len(references), 0)
    encoded = min(wanted, MOST_ENCODED)
    distractors = _distractors(pictures.others, embedder, encoded, seed, cache, on_progress)
    return IndexMaterial(
        _embed(embedder, _read_whole(references), len(references), "references", on_progress),
        pictures.products,
        _mix(distractors, wanted, seed),
        _embed(embedder, _read_whole(photos), len(photos), "photos", on_progress),
        pictures.truths,
        encoded,
    )


def _read_whole(paths: Sequence[Path]) -> Iterator[NDArray[np.uint8]]:
    for path in paths:
        yield read_image(path.read_bytes(), path.name)


def _distractors(
    paths: Sequence[Path],
    embedder: Embedder,
    count: int,
    seed: int,
    cache: Path,
    on_progress: Progress,
) -> NDArray[np.float32]:
    """(count, D); what an earlier run embedded is a prefix of what a larger one does."""
    name = hashlib.sha256(f"{embedder.part_id} {seed} {len(paths)}".encode()).hexdigest()[:16]
    file = cache / f"distractors-{name}.npy"
    known = np.load(file) if file.is_file() else None
    have = 0 if known is None else len(known)
    if known is not None and have >= count:
        return np.asarray(known[:count], np.float32)
    crops = _draw_crops(paths, seed, have)
    made = np.empty((count, 0), np.float32) if known is None else np.asarray(known, np.float32)
    cache.mkdir(parents=True, exist_ok=True)
    for start in range(have, count, _KEPT_EVERY):  # kept in between: embedding all takes minutes
        size = min(_KEPT_EVERY, count - start)
        what = f"distractors from {start:,}"
        more = _embed(embedder, islice(crops, size), size, what, on_progress)
        made = more if start == 0 else np.concatenate((made, more))
        np.save(file, made)
    return made


def _draw_crops(paths: Sequence[Path], seed: int, skipped: int) -> Iterator[NDArray[np.uint8]]:
    """Endless: one crop of each picture in turn, at another place each time."""
    rng = np.random.default_rng(seed)
    for turn in counted():
        for number, place in enumerate(rng.permutation(len(paths)), start=turn * len(paths)):
            path = paths[place]
            share, aspect, x, y = rng.uniform(_LEAST, _GREATEST)
            if number < skipped:
                continue
            image = read_image(path.read_bytes(), path.name)
            height, width = image.shape[:2]
            crop_height = int(min(max(height * share, 16), height))
            crop_width = int(min(max(crop_height / aspect, 16), width))
            top, left = int(y * (height - crop_height)), int(x * (width - crop_width))
            yield np.ascontiguousarray(image[top : top + crop_height, left : left + crop_width])


def _embed(
    embedder: Embedder,
    images: Iterator[NDArray[np.uint8]],
    count: int,
    what: str,
    on_progress: Progress,
) -> NDArray[np.float32]:
    parts: list[NDArray[np.float32]] = []
    done = 0
    while batch := list(islice(images, _BATCH)):
        parts.append(embedder.embed(batch).astype(np.float32))
        done += len(batch)
        on_progress(f"embedding {what}", done, count)
    return np.concatenate(parts) if parts else embedder.embed([])


def _mix(vectors: NDArray[np.float32], count: int, seed: int) -> NDArray[np.float32]:
    """(count, D): the vectors, then random mixtures of two of them with a little noise."""
    missing = count - len(vectors)
    if missing <= 0:
        return vectors[:count]
    rng = np.random.default_rng(seed)
    made = np.empty((count, vectors.shape[1]), np.float32)
    made[: len(vectors)] = vectors
    for start in range(len(vectors), count, MOST_ENCODED):
        part = made[start : start + MOST_ENCODED]
        one, other = rng.integers(0, len(vectors), (2, len(part)))
        share = rng.uniform(0.5, 0.95, (len(part), 1)).astype(np.float32)
        noise = rng.standard_normal(part.shape, np.float32) * np.float32(_MIXED_NOISE)
        mixture = vectors[one] * share + vectors[other] * (1 - share) + noise
        part[:] = mixture / np.linalg.norm(mixture, axis=1, keepdims=True)
    return made
