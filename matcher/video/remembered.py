"""Stages that remember their answers, for a clip that is matched again by another threshold.

A threshold changes what is looked at next and what is said of it, and not what networks and
geometry find in a picture: matching again costs little more than tracking.
"""

import hashlib
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from catalog.encodings.encoding import CompactFeatures
from matcher.detection.detector import Detector
from matcher.keypoints.features import Correspondences, FrontEnd, LocalFeatures
from matcher.pipeline import Stages
from matcher.results import Detection
from matcher.retrieval.embedder import Embedder
from matcher.retrieval.reference import Reference
from matcher.retrieval.spread import USUAL_SPREAD, SimilaritySpread
from matcher.verification.verifier import Contest, Query, Verifier

Image = NDArray[np.uint8]
T = TypeVar("T")


class StageMemory:
    """Answers by stage and picture, until they are forgotten; for one thread."""

    def __init__(self) -> None:
        self._answers: dict[Hashable, object] = {}

    def __len__(self) -> int:
        return len(self._answers)

    def recall(self, key: Hashable, find: Callable[[], T]) -> T:
        """Return the answer to a question, found when it is asked first."""
        if key not in self._answers:
            self._answers[key] = find()
        return cast("T", self._answers[key])  # a key has one kind of answer

    def forget(self) -> None:
        """Forget all answers: the next clip shows something else."""
        self._answers.clear()


def remember(stages: Stages, memory: StageMemory) -> Stages:
    """Return the same stages, which recall what they have found in a picture before."""
    return replace(
        stages,
        detector=_RecallingDetector(stages.detector, memory),
        embedder=_RecallingEmbedder(stages.embedder, memory),
        front_end=_RecallingFrontEnd(stages.front_end, memory),
        verifier=_RecallingVerifier(stages.verifier, memory),
    )


class _RecallingDetector:
    def __init__(self, detector: Detector, memory: StageMemory) -> None:
        self._detector = detector
        self._memory = memory

    def detect(self, image: Image) -> tuple[Detection, ...]:
        return self._memory.recall(("detect", _key(image)), lambda: self._detector.detect(image))


class _RecallingEmbedder:
    def __init__(self, embedder: Embedder, memory: StageMemory) -> None:
        self._embedder = embedder
        self._memory = memory
        self.part_id = embedder.part_id
        self.multi_crop_from = embedder.multi_crop_from

    def embed(self, images: Sequence[Image]) -> NDArray[np.float32]:
        key = ("embed", *map(_key, images))
        return self._memory.recall(key, lambda: self._embedder.embed(images))


class _RecallingFrontEnd:
    def __init__(self, front_end: FrontEnd, memory: StageMemory) -> None:
        self._front_end = front_end
        self._memory = memory
        self.part_id = front_end.part_id

    def extract(self, image: Image, limit: int) -> LocalFeatures:
        key = ("extract", limit, _key(image))
        return self._memory.recall(key, lambda: self._front_end.extract(image, limit))

    def pack(self, features: LocalFeatures) -> CompactFeatures:
        return self._front_end.pack(features)

    def unpack(self, compact: CompactFeatures, width: int, height: int) -> LocalFeatures:
        return self._front_end.unpack(compact, width, height)


class _RecallingVerifier(Verifier):
    def __init__(self, verifier: Verifier, memory: StageMemory) -> None:
        self._verifier = verifier
        self._memory = memory

    @override
    def verify(
        self,
        query: Query,
        references: Sequence[Reference],
        spread: SimilaritySpread = USUAL_SPREAD,
        *,
        thorough: bool = True,
    ) -> list[Contest]:
        known = tuple(
            (item.product_id, item.image_id, item.crop.to_picture.tobytes()) for item in references
        )
        key = ("verify", _key(query.image), known, spread, thorough)
        return self._memory.recall(
            key, lambda: self._verifier.verify(query, references, spread, thorough=thorough)
        )

    @override
    def pairs(self, query: Query, references: Sequence[Reference]) -> list[Correspondences]:
        return self._verifier.pairs(query, references)


def _key(image: Image) -> Hashable:
    return image.shape, hashlib.blake2b(image.tobytes(), digest_size=16).digest()
