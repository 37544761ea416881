"""Fits the axes of ImageNet's features along which products differ most."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from matcher.networks.runtime import LoadedNetwork
from matcher.retrieval.image_features import describe_pictures
from matcher.retrieval.product_axes import ProductAxes
from training.data.instances import catalog_subject
from training.data.sources import TrainingData, read_rgb
from training.embedder.colour_layout import discriminant_axes
from training.errors import TrainingError

KEPT_FEATURE_AXES: Final = 192
# Added to the spread within a class, as a share of its mean. Kinds of goods that the fit has not
# seen are told apart best with many axes that are little trusted.
_SHRINKAGE: Final = 1.0
_PICTURE_PX: Final = 320  # of the longer side
_WHITE: Final = 255

OnProduct = Callable[[int, int | None], None]


def train_features(
    data: TrainingData, network: LoadedNetwork, on_product: OnProduct = lambda *_: None
) -> ProductAxes:
    """Fit the axes by linear discriminant analysis of photos as they are, a class per product.

    Args:
        data: the data folder.
        network: EfficientNet-Lite0.
        on_product: called with products done and products in all.

    Raises:
        TrainingError: the data folder is not complete, or holds too few photos.
    """
    products = data.products()
    found: list[NDArray[np.float32]] = []
    for done, product in enumerate(products):
        on_product(done, len(products))
        pictures = list(_pictures(data, product))
        found.append(describe_pictures(network.functions["describe"], pictures))
    labels = np.repeat(np.arange(len(found)), [len(features) for features in found])
    features = np.concatenate(found).astype(np.float64)
    if len(features) <= KEPT_FEATURE_AXES:
        raise TrainingError(
            f"{data.root} holds {len(features)} pictures of products: {KEPT_FEATURE_AXES} axes "
            "need more"
        )
    axes = discriminant_axes(features, labels, KEPT_FEATURE_AXES, _SHRINKAGE)
    return ProductAxes(features.mean(axis=0).astype(np.float32), axes)


def save_features(axes: ProductAxes, path: Path) -> None:
    """Write the axes as safetensors, in half precision."""
    tables = {"mean": axes.mean, "axes": axes.axes}
    save_file({name: table.astype(np.float16) for name, table in tables.items()}, path)
    path.chmod(0o644)


def _pictures(data: TrainingData, product: str) -> Iterator[NDArray[np.uint8]]:
    subject = catalog_subject(read_rgb(data.iconic(product), _PICTURE_PX))
    if subject.mask is None:
        yield subject.image
    else:
        yield np.where(subject.mask[..., None] > 0, subject.image, _WHITE).astype(np.uint8)
    for path in data.photos(product):
        yield read_rgb(path, _PICTURE_PX)
