"""Material to measure votes on: real references and photos, and references made of real keypoints.

Describing a hundred thousand pictures takes hours. Beyond the real ones a reference is made of
keypoints drawn from real ones that no photo shows, each disturbed in some of its code's signs and
sizes as another photo would disturb it: words are as crowded as real ones are.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.progress import Progress, silent
from bench.recognition.dataset import Dataset, load_picture
from catalog.encodings.encoding import KeypointCoder
from catalog.search.keypoints.coding import CodedKeypoints
from catalog.search.keypoints.inverted_file import InvertedFile
from catalog.search.keypoints.keypoint_index import KeypointBlock
from catalog.search.vector_index import ImageReference
from matcher.imaging.resize import resize_within
from matcher.keypoints.features import FrontEnd

_REFERENCE_SIDE_PX: Final = 512  # of a reference's canonical crop, as the catalog's encoder has it
_PHOTO_SIDE_PX: Final = 640
_KEYPOINTS: Final = 1500  # extracted at most, as the encoder does
# Signs and sizes that flip, of 64: about as many as between two photos of one thing.
_FLIPPED_SHARE: Final = 0.2
_BITS: Final = 64

Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class VotesMaterial:
    """Descriptors of real pictures.

    Attributes:
        products: of the references, R texts.
        references: (N, 64) unit descriptors of each, as the catalog keeps them.
        truths: the product that each look shows, Q texts.
        looks: (V, 64) unit descriptors of each, strongest first.
    """

    products: tuple[str, ...]
    references: tuple[Rows, ...]
    truths: tuple[str, ...]
    looks: tuple[Rows, ...]

    def first(self, references: int) -> "VotesMaterial":
        """With at most so many references; those that photos show come first."""
        return VotesMaterial(
            self.products[:references], self.references[:references], self.truths, self.looks
        )


def describe_material(
    dataset: Dataset,
    front_end: FrontEnd,
    coder: KeypointCoder,
    looks: int,
    cache: Path,
    on_progress: Progress = silent,
) -> VotesMaterial:
    """Describe the references of a dataset and `looks` of its photos, spread over them.

    Args:
        dataset: with references and photos.
        front_end: finds keypoints.
        coder: describes what the catalog keeps of them.
        looks: photos at most.
        cache: a folder for what is described; may be deleted at any time.
        on_progress: called with each stage.
    """
    shown = {query.truth for query in dataset.queries}
    references = sorted(dataset.references().items(), key=lambda item: item[0] not in shown)
    known = [query for query in dataset.queries if query.truth]
    chosen = known[:: max(len(known) // looks, 1)][:looks]
    paths = [paths[0] for _, paths in references]
    names = "\n".join(map(str, (front_end.part_id, *(path.resolve() for path in paths))))
    file = cache / f"votes-{hashlib.sha256(names.encode()).hexdigest()[:16]}.npz"
    described = _read(file) or _describe(paths, front_end, coder, file, on_progress)
    photos = []
    for done, query in enumerate(chosen):
        on_progress("photos", done, len(chosen))
        photo, _ = resize_within(load_picture(query.path), _PHOTO_SIDE_PX, _PHOTO_SIDE_PX)
        photos.append(front_end.extract(photo, _KEYPOINTS).descriptors)
    return VotesMaterial(
        tuple(product for product, _ in references),
        described,
        tuple(str(query.truth) for query in chosen),
        tuple(photos),
    )


def make_references(
    coded: Sequence[CodedKeypoints], count: int, word_count: int, rng: np.random.Generator
) -> KeypointBlock:
    """Return a block of `count` references that are made of the keypoints of real ones."""
    words = np.concatenate([image.words for image in coded])
    signs = np.concatenate([image.signs for image in coded])
    sizes = np.concatenate([image.sizes for image in coded])
    each = len(words) // len(coded)
    order = np.argsort(words, kind="stable")
    # Each real keypoint, in the order of its word, is copied as often as it takes: no sort is due.
    copies, rest = divmod(count * each, len(words))
    often = np.full(len(words), copies)
    often[rng.permutation(len(words))[:rest]] += 1
    rows = np.repeat(order, often)
    starts = np.concatenate(([0], np.cumsum(np.bincount(words[rows], minlength=word_count))))
    images = rng.integers(count, size=len(rows), dtype=np.int32)
    file = InvertedFile(
        starts.astype(np.int64),
        signs[rows] ^ _flips(len(rows), rng),
        sizes[rows] ^ _flips(len(rows), rng),
        images,
    )
    references = tuple(ImageReference(f"made-{n}", f"made-{n}") for n in range(count))
    return KeypointBlock(references, np.ones(count, np.bool_), file)


def _flips(count: int, rng: np.random.Generator) -> NDArray[np.uint64]:
    """(count,) codes in which about a fifth of the bits are set."""
    patterns = rng.random((4096, _BITS)) < _FLIPPED_SHARE
    packed = np.packbits(patterns, axis=1).view(np.uint64)[:, 0]
    return packed[rng.integers(len(packed), size=count, dtype=np.int32)]


def _describe(
    paths: Sequence[Path],
    front_end: FrontEnd,
    coder: KeypointCoder,
    file: Path,
    on_progress: Progress,
) -> tuple[Rows, ...]:
    described = []
    for done, path in enumerate(paths):
        on_progress("references", done, len(paths))
        picture, _ = resize_within(load_picture(path), _REFERENCE_SIDE_PX, _REFERENCE_SIDE_PX)
        kept = front_end.pack(front_end.extract(picture, _KEYPOINTS))
        described.append(coder.descriptors(kept))
    file.parent.mkdir(parents=True, exist_ok=True)
    sizes = np.array([len(rows) for rows in described])
    np.savez(file, rows=np.concatenate(described).astype(np.float16), sizes=sizes)
    return tuple(described)


def _read(file: Path) -> tuple[Rows, ...] | None:
    if not file.is_file():
        return None
    with np.load(file) as opened:
        rows, sizes = opened["rows"].astype(np.float32), opened["sizes"]
    return tuple(np.split(rows, np.cumsum(sizes)[:-1]))
