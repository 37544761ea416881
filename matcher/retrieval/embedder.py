"""One global vector per picture, for the shortlist: the network's, and beside it the colours'."""

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
from matcher.retrieval.colour_layout import ColourBasis
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
_COLOUR_DIGITS: Final = 8  # of a basis' sha256
_PART_ID: Final = re.compile(
    rf"{Network.EMBEDDER}-([0-9a-f]{{{_DIGITS}}})-(\w+)-(\d{{2,4}})(?:-heaps-(\d{{1,2}}))?"
    rf"(?:-colours-([0-9a-f]{{{_COLOUR_DIGITS}}}))?"
)
# Of the squared length; the rest is the network's. Held-out products are found best so.
_COLOUR_SHARE: Final = 0.5


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
        colours: the first 8 digits of the colour basis' sha256; None if it has none.
    """

    digest: str
    options: Mapping[str, float]
    colours: str | None

    def stands_beside(self, colours: ColourBasis | None) -> bool:
        """Return whether the embedder was made with this colour basis beside it."""
        return self.colours == (None if colours is None else colours.sha256[:_COLOUR_DIGITS])


def embedder_part_id(weights: Weights, colours: ColourBasis | None = None) -> str:
    """Name network, weights and preprocessing; a folder's name in the catalog."""
    preparation = _SQUEEZED if weights.option("squeeze", 0) else _PREPARATION
    size = int(weights.option("input_size", _INPUT_SIZE))
    name = f"{weights.network}-{weights.sha256[:_DIGITS]}-{preparation}-{size}"
    if (heaps := weights.option(_HEAPS, NEVER)) < NEVER:
        name += f"-heaps-{round(100 * heaps)}"
    return name if colours is None else f"{name}-colours-{colours.sha256[:_COLOUR_DIGITS]}"


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
    """Implements `Embedder` with a network, and a colour basis beside it if one is given."""

    def __init__(self, network: LoadedNetwork, colours: ColourBasis | None = None) -> None:
        """Take a loaded embedder network, with the function `embed`, and a colour basis."""
        self._network = network
        self._run = network.functions["embed"]
        self._colours = colours
        self._dimension = int(network.facts["dimension"])
        self._size = int(network.weights.option("input_size", _INPUT_SIZE))
        self._squeeze = bool(network.weights.option("squeeze", 0))
        self._part_id = embedder_part_id(network.weights, colours)

    @property
    def part_id(self) -> str:
        """Names network, weights and preprocessing; a folder's name in the catalog."""
        return self._part_id

    @property
    def multi_crop_from(self) -> float:
        """The weights' option `heaps`; never where they have none."""
        return self._network.weights.option(_HEAPS, NEVER)

    @property
    def colours(self) -> ColourBasis | None:
        """The colour basis beside the network."""
        return self._colours

    @property
    def without_colours(self) -> "NetworkEmbedder":
        """The network alone."""
        return NetworkEmbedder(self._network)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._dimension + (0 if self._colours is None else self._colours.dimension)

    def embed(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return (N, D) float32 unit vectors of N (H, W, 3) RGB pictures; blocks."""
        seen = self._by_network(images)
        if self._colours is None:
            return seen
        coloured = self._colours.vectors(images)
        own, beside = np.sqrt(1 - _COLOUR_SHARE), np.sqrt(_COLOUR_SHARE)
        return np.concatenate([seen * own, coloured * beside], axis=1).astype(np.float32)

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
