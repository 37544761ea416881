"""One global vector per picture, for the shortlist."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.letterbox import letterbox, planes
from matcher.runtime import LoadedNetwork
from matcher.weights import Network, Weights

_INPUT_SIZE: Final = 224
# ImageNet's mean colour: what the network's normalisation turns into zero.
_FILL: Final = (124, 116, 104)
_BATCH: Final = 16
# Raised when the same picture is prepared to something else than before.
_PREPARATION: Final = "box1"
_SQUEEZED: Final = "fill1"
_DIGITS: Final = 16
_PART_ID: Final = re.compile(rf"{Network.EMBEDDER}-([0-9a-f]{{{_DIGITS}}})-(\w+)-(\d{{2,4}})")


@dataclass(frozen=True, slots=True)
class Named:
    """The embedder that a part id names.

    Attributes:
        digest: the first 16 digits of its weights' sha256.
        options: see `matcher.weights.Weights`.
    """

    digest: str
    options: Mapping[str, float]


def part_id_of(weights: Weights) -> str:
    """Names network, weights and preprocessing; a folder's name in the catalog."""
    preparation = _SQUEEZED if weights.option("squeeze", 0) else _PREPARATION
    size = int(weights.option("input_size", _INPUT_SIZE))
    return f"{weights.network}-{weights.sha256[:_DIGITS]}-{preparation}-{size}"


def named_by(part_id: str) -> Named | None:
    """What a part id of `Embedder` says; None for an id of anything else, or of another version."""
    known = _PART_ID.fullmatch(part_id)
    if known is None or known[2] not in (_PREPARATION, _SQUEEZED):
        return None
    squeeze = float(known[2] == _SQUEEZED)
    return Named(known[1], {"input_size": float(known[3]), "squeeze": squeeze})


class Embedder:
    """Turns pictures into unit vectors."""

    def __init__(self, network: LoadedNetwork) -> None:
        """Take a loaded embedder network, with the function `embed`."""
        self._run = network.functions["embed"]
        self._dimension = int(network.facts["dimension"])
        self._size = int(network.weights.option("input_size", _INPUT_SIZE))
        self._squeeze = bool(network.weights.option("squeeze", 0))
        self._part_id = part_id_of(network.weights)

    @property
    def part_id(self) -> str:
        """Names network, weights and preprocessing; a folder's name in the catalog."""
        return self._part_id

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._dimension

    def embed(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """(N, D) float32 of unit length for N (H, W, 3) RGB pictures; blocks while it computes."""
        batches = [images[start : start + _BATCH] for start in range(0, len(images), _BATCH)]
        vectors = [self._embed(batch) for batch in batches]
        return np.concatenate([np.empty((0, self._dimension), dtype=np.float32), *vectors])

    def _embed(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        prepare = squeeze_for_embedding if self._squeeze else prepare_for_embedding
        prepared = np.stack([prepare(image, self._size) for image in images])
        (vectors,) = self._run(planes(prepared))
        # Half precision leaves the length at about 1; an index wants it exact.
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: NDArray[np.float32] = vectors / np.maximum(lengths, 1e-12)
        return unit


def prepare_for_embedding(image: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """The whole picture, undistorted, in a (size, size, 3) square."""
    return letterbox(image, size, size, _FILL).image


def squeeze_for_embedding(image: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """The whole picture stretched to a (size, size, 3) square, as our own weights are trained.

    A tall carton keeps all of a small input's pixels; weights ask for it by the option `squeeze`.
    """
    return np.asarray(cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA), np.uint8)
