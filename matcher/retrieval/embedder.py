"""One global vector per picture, for the shortlist: the network's, and its companions'."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.imaging.resize import letterbox, to_planes
from matcher.networks.runtime import LoadedNetwork
from matcher.networks.weights import Network, Weights
from matcher.retrieval.companions import Companion, join_parts, stand_together
from matcher.retrieval.multi_crop import NEVER

_INPUT_SIZE: Final = 224  # pixels, for weights that name no other
# ImageNet's mean colour: what the network's normalisation turns into zero.
_FILL: Final = (124, 116, 104)
_BATCH: Final = 16  # pictures per call; bounds memory
# Parts of part ids: raise the first two when the same picture is prepared to something else.
_PREPARATION: Final = "box1"
_SQUEEZED: Final = "fill1"
_HEAPS: Final = "heaps"
_DIGITS: Final = 16  # of a sha256; enough that no two networks of a catalog share them
_PART_ID: Final = re.compile(
    rf"{Network.EMBEDDER}-([0-9a-f]{{{_DIGITS}}})-(\w+)-(\d{{2,4}})(?:-heaps-(\d{{1,2}}))?"
    r"((?:-(?:colours-[0-9a-f]{8}|features-[0-9a-f]{8}-\d{1,3}))*)"
)


class Embedder(Protocol):
    """Computes one global vector per picture."""

    @property
    def part_id(self) -> str:
        """Names network, weights and preprocessing; a folder's name in the catalog."""

    @property
    def multi_crop_from(self) -> float:
        """Likeness of crops to the whole from which they count, see `retrieval.multi_crop`."""

    def embed(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return (N, D) float32 unit vectors of N (H, W, 3) RGB pictures; may block."""


@dataclass(frozen=True, slots=True)
class EmbedderId:
    """A part id of `NetworkEmbedder`, parsed.

    Attributes:
        digest: the first 16 digits of its weights' sha256.
        options: see `matcher.networks.weights.Weights`.
        beside: how the id ends, naming what stands beside the network; empty if it is alone.
    """

    digest: str
    options: Mapping[str, float]
    beside: str

    def stands_beside(self, companions: Sequence[Companion]) -> bool:
        """Return whether the embedder was made with these companions beside it."""
        return self.beside == join_parts(companions)


def embedder_part_id(weights: Weights, companions: Sequence[Companion] = ()) -> str:
    """Name network, weights and preprocessing; a folder's name in the catalog."""
    preparation = _SQUEEZED if weights.option("squeeze", 0) else _PREPARATION
    size = int(weights.option("input_size", _INPUT_SIZE))
    name = f"{weights.network}-{weights.sha256[:_DIGITS]}-{preparation}-{size}"
    if (heaps := weights.option(_HEAPS, NEVER)) < NEVER:
        name += f"-heaps-{round(100 * heaps)}"
    return name + join_parts(companions)


def parse_part_id(part_id: str) -> EmbedderId | None:
    """Parse a part id of `NetworkEmbedder`; None for any other id, or of another version."""
    known = _PART_ID.fullmatch(part_id)
    if known is None or known[2] not in (_PREPARATION, _SQUEEZED):
        return None
    options = {"input_size": float(known[3]), "squeeze": float(known[2] == _SQUEEZED)}
    if known[4] is not None:
        options[_HEAPS] = int(known[4]) / 100
    return EmbedderId(known[1], options, known[5])


class NetworkEmbedder:
    """Implements `Embedder` with a network, and companions beside it if some are given."""

    def __init__(self, network: LoadedNetwork, companions: Sequence[Companion] = ()) -> None:
        """Take a loaded embedder network, with the function `embed`, and what stands beside it."""
        self._network = network
        self._run = network.functions["embed"]
        self._companions = tuple(companions)
        self._dimension = int(network.facts["dimension"])
        self._size = int(network.weights.option("input_size", _INPUT_SIZE))
        self._squeeze = bool(network.weights.option("squeeze", 0))
        self._part_id = embedder_part_id(network.weights, companions)

    @property
    def part_id(self) -> str:
        """Names network, weights and preprocessing; a folder's name in the catalog."""
        return self._part_id

    @property
    def multi_crop_from(self) -> float:
        """The weights' option `heaps`; never where they have none."""
        return self._network.weights.option(_HEAPS, NEVER)

    @property
    def companions(self) -> tuple[Companion, ...]:
        """The parts beside the network, in the order of the vectors."""
        return self._companions

    def beside(self, companions: Sequence[Companion]) -> "NetworkEmbedder":
        """The same network with other companions; alone with none."""
        return NetworkEmbedder(self._network, companions)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._dimension + sum(companion.dimension for companion in self._companions)

    def embed(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return (N, D) float32 unit vectors of N (H, W, 3) RGB pictures; blocks."""
        return stand_together(self._by_network(images), self._companions, images)

    def _by_network(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        batches = [images[start : start + _BATCH] for start in range(0, len(images), _BATCH)]
        vectors = [self._embed(batch) for batch in batches]
        return np.concatenate([np.empty((0, self._dimension), dtype=np.float32), *vectors])

    def _embed(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        prepare = squeeze_for_embedding if self._squeeze else prepare_for_embedding
        prepared = np.stack([prepare(image, self._size) for image in images])
        (vectors,) = self._run(to_planes(prepared))
        # Half precision leaves the length at about 1; an index wants it exact.
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: NDArray[np.float32] = vectors / np.maximum(lengths, 1e-12)
        return unit


def prepare_for_embedding(image: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Fit the whole picture, undistorted, into a (size, size, 3) square."""
    return letterbox(image, size, size, _FILL).image


def squeeze_for_embedding(image: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Stretch the whole picture to a (size, size, 3) square, as our own weights are trained.

    A tall carton keeps all of a small input's pixels; weights ask for it by the option `squeeze`.
    """
    return np.asarray(cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA), np.uint8)
