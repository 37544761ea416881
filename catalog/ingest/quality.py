"""Quality of reference pictures: issues that are always reported, and refused by setting."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from catalog.encodings.encoding import Encoding
from catalog.errors import CatalogError
from catalog.records.product import Product
from catalog.search.vector_index import Neighbour

# Blur is measured on a picture of this size, in which it does not depend on the camera's.
_BLUR_SIDE: Final = 512  # pixels
_BLUR_TAPS: Final = 9  # pixels that a mean is taken over, as in the paper
# Nearest products that a picture is compared with.
_NEAREST: Final = 8


class IssueKind(StrEnum):
    """Kinds of issue."""

    SMALL = "small"
    BLURRED = "blurred"
    PLAIN = "plain"
    DUPLICATE = "duplicate"
    TWIN = "twin"


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue of one picture.

    Attributes:
        kind: of the issue.
        picture: the file's name.
        sentence: for people.
        product_id: the other product, of duplicates and twins.
        similarity: cosine to it in [-1, 1], of twins.
    """

    kind: IssueKind
    picture: str
    sentence: str
    product_id: str | None = None
    similarity: float | None = None


@dataclass(frozen=True, slots=True)
class QualityRules:
    """Thresholds of the checks, and which issues are refused.

    Attributes:
        refused: issues for which a picture is refused.
        smallest_side: pixels; below, there is little to match.
        blur: in [0, 1]; of 400 catalog pictures all are under 0.57, and over 0.65 when blurred by
            three pixels.
        fewest_keypoints: below, no picture can be verified.
        twin: cosine of embeddings; 1 in 20 products of our test catalogs has one so near.
    """

    refused: frozenset[IssueKind] = field(default_factory=frozenset)
    smallest_side: int = 96
    blur: float = 0.62
    fewest_keypoints: int = 24
    twin: float = 0.9


class KnownProducts(Protocol):
    """The catalog that the picture is to join."""

    @property
    def products(self) -> Mapping[str, Product]:
        """Live products by id."""

    def shortlist(self, embedding: NDArray[np.float32], size: int) -> Sequence[Neighbour]:
        """Return the nearest products, best first."""


def inspect_image(
    name: str, image: NDArray[np.uint8], encoding: Encoding, rules: QualityRules
) -> list[Issue]:
    """Return the issues of a picture by itself.

    Args:
        name: of the file.
        image: (H, W, 3) uint8, RGB.
        encoding: of it.
        rules: the thresholds.
    """
    issues: list[Issue] = []
    height, width = image.shape[:2]
    if min(height, width) < rules.smallest_side:
        issues.append(
            Issue(
                IssueKind.SMALL,
                name,
                f"{name} is small ({width}x{height} pixels); "
                f"{rules.smallest_side} a side are needed to prove a match",
            )
        )
    if (blur := measure_blur(image)) > rules.blur:
        sentence = f"{name} is blurred ({blur:.2f}, sharp pictures have under {rules.blur:.2f})"
        issues.append(Issue(IssueKind.BLURRED, name, f"{sentence}; take it again"))
    keypoints = len(encoding.local.points)
    if keypoints < rules.fewest_keypoints:
        sentence = f"{name} shows too little print or texture ({keypoints} keypoints"
        sentence += f", {rules.fewest_keypoints} are needed); the product can hardly be proved"
        issues.append(Issue(IssueKind.PLAIN, name, sentence))
    return issues


def compare_with_others(
    name: str,
    image_id: str,
    product_id: str,
    encoding: Encoding,
    known: KnownProducts,
    rules: QualityRules,
) -> list[Issue]:
    """Return whether another product has the same picture, or else looks nearly the same.

    Args:
        name: of the file.
        image_id: its sha256.
        product_id: whose picture it is to be.
        encoding: of it.
        known: the catalog.
        rules: the thresholds.
    """
    owner = find_owner(image_id, product_id, known.products)
    if owner is not None:
        sentence = f"{name} is a picture of product {owner} already"
        return [Issue(IssueKind.DUPLICATE, name, sentence, owner, 1.0)]
    try:
        near = known.shortlist(encoding.embedding, _NEAREST)
    except CatalogError:
        return []  # another product's features are missing, which is not this picture's kind
    for twin in near:
        if twin.product_id != product_id and twin.similarity >= rules.twin:
            sentence = f"{name} looks much like product {twin.product_id} (similarity "
            sentence += f"{twin.similarity:.2f}); give pictures of what tells them apart"
            return [Issue(IssueKind.TWIN, name, sentence, twin.product_id, twin.similarity)]
    return []


def find_owner(image_id: str, product_id: str, products: Mapping[str, Product]) -> str | None:
    """Return the id of another product that has the picture; None where none does."""
    for product in products.values():
        if product.product_id == product_id:
            continue
        if any(image.image_id == image_id for image in product.images):
            return product.product_id
    return None


def measure_blur(image: NDArray[np.uint8]) -> float:
    """Return how blurred an (H, W, 3) uint8 RGB picture is, in [0, 1]; a plain one is 0.

    Blurring takes contrast between neighbours from a sharp picture and little from a blurred one
    (Crete et al., The blur effect, 2007).
    """
    picture = Image.fromarray(image).convert("L")
    picture.thumbnail((_BLUR_SIDE, _BLUR_SIDE), Image.Resampling.BOX)
    grey = np.asarray(picture, np.float32)
    return max(_blur_of_rows(grey), _blur_of_rows(grey.T))


def _blur_of_rows(grey: NDArray[np.float32]) -> float:
    half = _BLUR_TAPS // 2
    padded = np.pad(grey, ((half + 1, half), (0, 0)), mode="edge")
    sums = np.cumsum(padded, axis=0, dtype=np.float64)
    smooth = (sums[_BLUR_TAPS:] - sums[:-_BLUR_TAPS]) / _BLUR_TAPS
    change = np.abs(np.diff(grey, axis=0))
    kept = np.maximum(change - np.abs(np.diff(smooth, axis=0)), 0)
    total = float(change.sum())
    return 1 - float(kept.sum()) / total if total > 0 else 0.0
