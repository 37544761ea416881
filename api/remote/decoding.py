"""A server's JSON as our own values: the way back of `api.schemas`.

A field of a value is read from the key of its name, or from the one that `_KEYS` gives.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeVar, get_origin

import numpy as np
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, override
from numpy.typing import NDArray

from catalog.errors import (
    AlreadyExists,
    CatalogError,
    Conflict,
    Invalid,
    NotFound,
    PictureError,
)
from catalog.ingest.outline import KeptImage
from catalog.ingest.quality import Issue
from catalog.records.kept import KeptBy, ReferenceCut, ReferenceKind
from catalog.records.product import AttributeValue, Product
from catalog.search.facets import Facet, NumberRange, ValueCount
from catalog.search.search import Hit
from catalog.store import ChangeResult
from client.errors import Declined
from matcher.imaging.box import Box
from matcher.live import SessionStatus
from matcher.results import Candidate, Detection, Identification, Match, Verdict, Verification

ValueT = TypeVar("ValueT")

# By the last part of a problem's type.
_ERRORS: Final[Mapping[str, type[CatalogError]]] = {
    "not-found": NotFound,
    "already-exists": AlreadyExists,
    "conflict": Conflict,
    "precondition-failed": Conflict,
    "invalid": Invalid,
}
# Keys of the JSON that are not called as the fields; what others hold comes before them.
_KEYS: Final[Mapping[type, Mapping[str, str]]] = {
    Issue: {"kind": "fault"},
    ChangeResult: {"issues": "findings"},
    Identification: {"matches": "detections", "elapsed": "elapsed_ms"},
    Hit: {"image_id": "reference_image"},
    SessionStatus: {"source_id": "source"},
}


@contextmanager
def translate_refusals() -> Iterator[None]:
    """Raise a server's refusals as the errors that a catalog of this machine would raise."""
    try:
        yield
    except Declined as error:
        if error.kind == "picture":
            raise PictureError(str(error), error.subject) from error
        translated = _ERRORS.get(error.kind)
        if translated is None:
            raise
        raise translated(str(error)) from error


def decode(kind: type[ValueT], payload: Mapping[str, Any]) -> ValueT:
    """Return the value of a kind that a server's JSON stands for.

    Correspondences of a verification are not sent, so there are none.
    """
    return _CONVERTER.structure(payload, kind)


def _make_converter() -> Converter:
    converter = Converter(detailed_validation=False)
    converter.register_structure_hook_func(_is_array, lambda points, _: _points(points))
    converter.register_structure_hook(Box, lambda sides, _: Box(*sides))
    converter.register_structure_hook(NumberRange, lambda ends, _: NumberRange(*ends))
    converter.register_structure_hook(Match, lambda payload, _: _match(payload, converter))
    attributes = override(struct_hook=lambda values, _: _attributes(values))
    converter.register_structure_hook(
        Product, make_dict_structure_fn(Product, converter, attributes=attributes)
    )
    counts = override(
        struct_hook=lambda counts, _: tuple(ValueCount(*count) for count in counts.items())
    )
    converter.register_structure_hook(
        Facet,
        make_dict_structure_fn(Facet, converter, key=override(rename="attribute"), values=counts),
    )
    converter.register_structure_hook(KeptImage, lambda payload, _: _kept(payload))
    for kind, keys in _KEYS.items():
        renamed: Any = {field: override(rename=key) for field, key in keys.items()}
        converter.register_structure_hook(kind, make_dict_structure_fn(kind, converter, **renamed))
    return converter


def _is_array(kind: object) -> bool:
    return get_origin(kind) is np.ndarray


def _points(points: list[list[float]]) -> NDArray[np.float32]:
    """Corners, (N, 2)."""
    return np.array(points, np.float32).reshape(-1, 2)


def _attributes(values: Mapping[str, Any]) -> tuple[tuple[str, AttributeValue], ...]:
    return tuple((key, _attribute(value)) for key, value in values.items())


def _attribute(value: Any) -> AttributeValue:  # noqa: ANN401 -- JSON
    if isinstance(value, list):
        return tuple(value)
    return value if isinstance(value, str) else float(value)


def _kept(payload: Mapping[str, Any]) -> KeptImage:
    """The part that is kept of a picture."""
    cut = None
    if payload["kind"] is not None:
        kind, kept_by = ReferenceKind(payload["kind"]), KeptBy(payload["by"])
        cut = ReferenceCut(kind, kept_by, payload["share"])
    outline = tuple((float(x), float(y)) for x, y in payload["outline"])
    areas = tuple((left, top, right, bottom) for left, top, right, bottom in payload["background"])
    share = payload["background_share"]
    return KeptImage(payload["picture"], payload["image_id"], outline, cut, areas, share)


def _match(payload: Mapping[str, Any], converter: Converter) -> Match:
    """A detection and its product, which stand in one object."""
    verification, product_id = None, payload["product_id"]
    if payload["reference_image"] is not None and product_id is not None:
        verification = Verification(
            product_id,
            payload["reference_image"],
            payload["inliers"],
            np.zeros((0, 4), np.float32),
            _points(payload["outline"]),
            payload["coverage"],
            payload["agreement"],
        )
    return Match(
        converter.structure(payload, Detection),
        Verdict(payload["verdict"]),
        product_id,
        payload["probability"],
        verification,
        converter.structure(payload["candidates"], tuple[Candidate, ...]),
    )


_CONVERTER: Final = _make_converter()
