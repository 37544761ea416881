"""What a catalog's calibration learns from: feedback, labelled photos, or the catalog itself."""

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
from catalog.records.feedback import Feedback, FeedbackVerdict
from catalog.records.product import Product
from catalog.snapshot import Catalog
from matcher.decision.evaluation import Sample, SampleKind
from matcher.decision.synthetic_views import draw_view

UNKNOWN_FOLDER: Final = "_unknown"
MOST_FEEDBACK: Final = 300
MOST_PHOTOS_OF_ONE: Final = 20
MOST_UNKNOWN_PHOTOS: Final = 1000
MOST_VIEWS: Final = 300
MOST_VIEWS_OF_ONE: Final = 4
MOST_HELD_OUT: Final = 100
_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".avif"})

Image = NDArray[np.uint8]
T = TypeVar("T")


@dataclass(slots=True)
class CalibrationData:
    """Questions, and what was left aside.

    Attributes:
        questions: to ask the catalog.
        notes: sentences.
    """

    questions: list[Sample] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def feedback_samples(catalog: Catalog, book: FeedbackRecorder) -> CalibrationData:
    """What people said, where a picture of what was seen is kept; the newest."""
    material = CalibrationData()
    usable = [one for one in catalog.feedback if one.picture and _asked_of(one) in catalog.products]
    pictures = {one.feedback_id: book.picture(one) for one in usable[-MOST_FEEDBACK:]}
    for one in usable[-MOST_FEEDBACK:]:
        data = pictures[one.feedback_id]
        if data is None:
            continue
        read = partial(read_image, data, f"feedback {one.feedback_id}")
        product_id = _asked_of(one)
        if one.verdict is FeedbackVerdict.WRONG:
            material.questions.append(Sample(SampleKind.WRONG, read, product_id))
        else:
            material.questions.append(Sample(SampleKind.CONFIRMED, read, product_id))
            material.questions.append(_left_out(catalog.products[product_id], read))
    blind = len(catalog.feedback) - len(usable)
    if blind:
        material.notes.append(
            f"{blind} of {len(catalog.feedback)} pieces of feedback have no picture, or their "
            "product is gone; nothing is learnt from them"
        )
    return material


def photo_samples(catalog: Catalog, folder: Path) -> CalibrationData:
    """Photos in `queries/PRODUCT_ID/` and `queries/_unknown/`, or in such folders themselves.

    Raises:
        Refused: there is none, or a folder is of no product.
        OSError: one cannot be read.
    """
    top = folder / "queries" if (folder / "queries").is_dir() else folder
    if not top.is_dir():
        raise Refused(f"there is no folder {folder}")
    material = CalibrationData()
    known = {one.image_id for product in catalog.products.values() for one in product.images}
    for place in sorted(one for one in top.iterdir() if one.is_dir()):
        is_unknown = place.name == UNKNOWN_FOLDER
        if not is_unknown and place.name not in catalog.products:
            raise Refused(
                f"{place} is of no product in catalog {catalog.name}; "
                f"photos of anything unknown belong into {top / UNKNOWN_FOLDER}"
            )
        files = sorted(one for one in place.iterdir() if one.suffix.lower() in _SUFFIXES)
        most = MOST_UNKNOWN_PHOTOS if is_unknown else MOST_PHOTOS_OF_ONE
        for path in _spread(files, most):
            if hashlib.sha256(path.read_bytes()).hexdigest() in known:
                material.notes.append(f"{path} is a reference picture; left out")
                continue
            read = partial(_read, path)
            if is_unknown:
                material.questions.append(Sample(SampleKind.UNKNOWN, read))
            else:
                material.questions.append(Sample(SampleKind.KNOWN, read, place.name))
                material.questions.append(_left_out(catalog.products[place.name], read))
    if not material.questions:
        raise Refused(
            f"there is no photo in {top}; put photos into PRODUCT_ID/ and {UNKNOWN_FOLDER}/ in it"
        )
    return material


def catalog_samples(catalog: Catalog, seed: int = 0) -> CalibrationData:
    """Drawn views of products, asked as if the catalog lacked them, and references held out."""
    rng = np.random.default_rng(seed)
    products = list(catalog.products.values())
    if len(products) < 2:
        return CalibrationData()
    chosen = [products[at] for at in rng.permutation(len(products))[:MOST_VIEWS]]
    each = min(max(MOST_VIEWS // len(chosen), 1), MOST_VIEWS_OF_ONE)
    material = CalibrationData()
    for product in chosen:
        for number in range(each):
            image = product.images[number % len(product.images)]
            draw = partial(_drawn, catalog, image.image_id, int(rng.integers(2**32)))
            withheld = _pictures(product)
            question = Sample(SampleKind.VIEW, draw, None, withheld, product.product_id)
            material.questions.append(question)
    several = [one for one in chosen if len(one.images) > 1]
    for product in several[:MOST_HELD_OUT]:
        image_id = product.images[-1].image_id
        read = partial(_stored, catalog, image_id)
        withheld = frozenset({image_id})
        material.questions.append(Sample(SampleKind.HELD_OUT, read, product.product_id, withheld))
    return material


def _left_out(product: Product, read: partial[Image]) -> Sample:
    return Sample(SampleKind.LEFT_OUT, read, None, _pictures(product))


def _pictures(product: Product) -> frozenset[str]:
    return frozenset(one.image_id for one in product.images)


def _asked_of(feedback: Feedback) -> str:
    return feedback.shown or feedback.product_id


def _read(path: Path) -> Image:
    try:
        return read_image(path.read_bytes(), str(path))
    except PictureError as error:
        raise Refused(str(error)) from error


def _stored(catalog: Catalog, image_id: str) -> Image:
    return read_image(catalog.picture(image_id), image_id)


def _drawn(catalog: Catalog, image_id: str, seed: int) -> Image:
    crop = catalog.encoding(image_id).crop
    return draw_view(_stored(catalog, image_id), crop, np.random.default_rng(seed))


def _spread(several: Sequence[T], most: int) -> Iterator[T]:
    """At most so many, evenly spread over all."""
    count = min(len(several), most)
    for number in range(count):
        yield several[number * len(several) // count]
