"""Samples that a calibration is fitted to: feedback, labelled photos, or the catalog itself."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from api.errors import Refused
from catalog.errors import PictureError
from catalog.ingest.feedback import FeedbackRecorder
from catalog.ingest.image_file import read_image
from catalog.ingest.rubbish import is_rubbish
from catalog.records.feedback import Feedback, FeedbackVerdict
from catalog.records.product import Product, ReferenceImage
from catalog.snapshot import Catalog
from matcher.decision.evaluation import Sample, SampleKind
from matcher.decision.synthetic_views import draw_view

UNKNOWN_FOLDER: Final = "_unknown"
# Upper bounds: a sample takes about a second to evaluate, and a calibration should end in minutes.
MOST_FEEDBACK: Final = 300  # pieces, the newest
MOST_PHOTOS_OF_ONE: Final = 20  # photos of one product
MOST_UNKNOWN_PHOTOS: Final = 1000  # photos: low rates need many unknowns
MOST_VIEWS: Final = 300  # drawn views, of all products
MOST_VIEWS_OF_ONE: Final = 4  # drawn views of one product
MOST_HELD_OUT: Final = 100  # reference pictures
_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".avif"})

Image = NDArray[np.uint8]
T = TypeVar("T")


@dataclass(slots=True)
class CalibrationData:
    """Samples, and remarks on what was left aside.

    Attributes:
        samples: to evaluate the catalog on.
        notes: sentences.
    """

    samples: list[Sample] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def feedback_samples(catalog: Catalog, recorder: FeedbackRecorder) -> CalibrationData:
    """Return samples of the newest feedback that has a picture."""
    data = CalibrationData()
    usable = [
        feedback
        for feedback in catalog.feedback
        if feedback.picture and _product_in_question(feedback) in catalog.products
    ]
    pictures = {
        feedback.feedback_id: recorder.picture(feedback) for feedback in usable[-MOST_FEEDBACK:]
    }
    for feedback in usable[-MOST_FEEDBACK:]:
        image = pictures[feedback.feedback_id]
        if image is None:
            continue
        read = partial(read_image, image, f"feedback {feedback.feedback_id}")
        product_id = _product_in_question(feedback)
        if feedback.verdict is FeedbackVerdict.WRONG:
            data.samples.append(Sample(SampleKind.WRONG, read, product_id))
        else:
            data.samples.append(Sample(SampleKind.CONFIRMED, read, product_id))
            data.samples.append(_left_out(catalog.products[product_id], read))
    blind = len(catalog.feedback) - len(usable)
    if blind:
        data.notes.append(
            f"{blind} of {len(catalog.feedback)} pieces of feedback have no picture, or their "
            "product is gone; nothing is learnt from them"
        )
    return data


def photo_samples(catalog: Catalog, folder: Path) -> CalibrationData:
    """Return samples of photos in `queries/PRODUCT_ID/` and `queries/_unknown/`.

    The folder may hold `queries/`, or be it.

    Raises:
        Refused: there is none, or a folder is of no product.
        OSError: one cannot be read.
    """
    top = folder / "queries" if (folder / "queries").is_dir() else folder
    if not top.is_dir():
        raise Refused(f"there is no folder {folder}")
    data = CalibrationData()
    known = {image.image_id for product in catalog.products.values() for image in product.images}
    for place in sorted(path for path in _listed(top) if path.is_dir()):
        is_unknown = place.name == UNKNOWN_FOLDER
        if not is_unknown and place.name not in catalog.products:
            raise Refused(
                f"{place} is of no product in catalog {catalog.name}; "
                f"photos of anything unknown belong into {top / UNKNOWN_FOLDER}"
            )
        files = sorted(path for path in _listed(place) if path.suffix.lower() in _SUFFIXES)
        most = MOST_UNKNOWN_PHOTOS if is_unknown else MOST_PHOTOS_OF_ONE
        for path in _spread(files, most):
            if hashlib.sha256(path.read_bytes()).hexdigest() in known:
                data.notes.append(f"{path} is a reference picture; left out")
                continue
            read = partial(_read, path)
            if is_unknown:
                data.samples.append(Sample(SampleKind.UNKNOWN, read))
            else:
                data.samples.append(Sample(SampleKind.KNOWN, read, place.name))
                data.samples.append(_left_out(catalog.products[place.name], read))
    if not data.samples:
        raise Refused(
            f"there is no photo in {top}; put photos into PRODUCT_ID/ and {UNKNOWN_FOLDER}/ in it"
        )
    return data


def _listed(folder: Path) -> list[Path]:
    """Return what lies there but what systems and file servers leave."""
    return [path for path in folder.iterdir() if not is_rubbish([path.name])]


def catalog_samples(catalog: Catalog, seed: int = 0) -> CalibrationData:
    """Return drawn views of products that are then left out, and references held out."""
    rng = np.random.default_rng(seed)
    products = list(catalog.products.values())
    if len(products) < 2:
        return CalibrationData()
    chosen = [products[at] for at in rng.permutation(len(products))[:MOST_VIEWS]]
    views_of_each = min(max(MOST_VIEWS // len(chosen), 1), MOST_VIEWS_OF_ONE)
    data = CalibrationData()
    for product in chosen:
        for number in range(views_of_each):
            image = product.images[number % len(product.images)]
            draw = partial(_drawn, catalog, image, int(rng.integers(2**32)))
            left_out = _pictures(product)
            sample = Sample(SampleKind.VIEW, draw, None, left_out, product.product_id)
            data.samples.append(sample)
    photographed_twice = [product for product in chosen if len(product.images) > 1]
    for product in photographed_twice[:MOST_HELD_OUT]:
        image_id = product.images[-1].image_id
        read = partial(_stored, catalog, image_id)
        left_out = frozenset({image_id})
        data.samples.append(Sample(SampleKind.HELD_OUT, read, product.product_id, left_out))
    return data


def _left_out(product: Product, read: partial[Image]) -> Sample:
    return Sample(SampleKind.LEFT_OUT, read, None, _pictures(product))


def _pictures(product: Product) -> frozenset[str]:
    return frozenset(image.image_id for image in product.images)


def _product_in_question(feedback: Feedback) -> str:
    return feedback.shown or feedback.product_id


def _read(path: Path) -> Image:
    try:
        return read_image(path.read_bytes(), str(path))
    except PictureError as error:
        raise Refused(str(error)) from error


def _stored(catalog: Catalog, image_id: str) -> Image:
    return read_image(catalog.picture(image_id), image_id)


def _drawn(catalog: Catalog, image: ReferenceImage, seed: int) -> Image:
    crop = catalog.encoding(image.encoding_id).crop
    return draw_view(_stored(catalog, image.image_id), crop, np.random.default_rng(seed))


def _spread(several: Sequence[T], most: int) -> Iterator[T]:
    """Yield at most so many, evenly spread over all."""
    count = min(len(several), most)
    for number in range(count):
        yield several[number * len(several) // count]
