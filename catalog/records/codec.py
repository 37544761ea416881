"""Products as JSON and back; the form that the journal and the projections keep."""

import json
from collections.abc import Mapping
from typing import Final

from catalog.encodings.encoding import PartIds
from catalog.errors import CatalogError
from catalog.records.product import AttributeValue, Product, ReferenceImage

Json = Mapping[str, object]
_COMPACT: Final = (",", ":")


class Malformed(ValueError):
    """A JSON value is not what its place asks for."""


def dumps(record: Json) -> bytes:
    """One JSON object as bytes, the same for equal records."""
    return json.dumps(record, ensure_ascii=False, separators=_COMPACT).encode()


def loads(data: bytes, where: str) -> Json:
    """One JSON object.

    Raises:
        CatalogError: it is damaged; the message names `where`.
    """
    try:
        return mapping(json.loads(data))
    except (ValueError, RecursionError) as error:
        raise CatalogError(f"{where} is damaged ({error}); restore it from a backup") from error


def product_record(product: Product) -> Json:
    """A product as JSON."""
    return {
        "product_id": product.product_id,
        "name": product.name,
        "description": product.description,
        "attributes": {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in product.attributes
        },
        "images": [_image_record(image) for image in product.images],
        "revision": product.revision,
        "created_at": product.created_at,
        "updated_at": product.updated_at,
    }


def product_from(record: Json) -> Product:
    """The product of `product_record`.

    Raises:
        Malformed: it is none.
    """
    return Product(
        product_id=text(record, "product_id"),
        name=text(record, "name"),
        description=text(record, "description"),
        attributes=tuple(
            (key, _attribute(value)) for key, value in mapping(record.get("attributes")).items()
        ),
        images=tuple(_image_from(mapping(image)) for image in sequence(record, "images")),
        revision=number(record, "revision"),
        created_at=text(record, "created_at"),
        updated_at=text(record, "updated_at"),
    )


def part_ids_record(part_ids: PartIds) -> Json:
    """Part ids as JSON."""
    return {"crop": part_ids.crop, "embedding": part_ids.embedding, "local": part_ids.local}


def part_ids_from(record: Json) -> PartIds:
    """The ids of `part_ids_record`.

    Raises:
        Malformed: they are none.
    """
    return PartIds(text(record, "crop"), text(record, "embedding"), text(record, "local"))


def mapping(value: object) -> Json:
    """The value as a JSON object.

    Raises:
        Malformed: it is none.
    """
    if not isinstance(value, dict):
        raise Malformed(f"expected an object, found {type(value).__name__}")
    return value


def sequence(record: Json, key: str) -> list[object]:
    """The list under a key.

    Raises:
        Malformed: there is none.
    """
    value = record.get(key)
    if not isinstance(value, list):
        raise Malformed(f"{key!r} should be a list")
    return value


def text(record: Json, key: str) -> str:
    """The text under a key.

    Raises:
        Malformed: there is none.
    """
    value = record.get(key)
    if not isinstance(value, str):
        raise Malformed(f"{key!r} should be a text")
    return value


def number(record: Json, key: str) -> int:
    """The whole number under a key.

    Raises:
        Malformed: there is none.
    """
    value = record.get(key)
    if not isinstance(value, int):
        raise Malformed(f"{key!r} should be a whole number")
    return value


def _attribute(value: object) -> AttributeValue:
    if isinstance(value, list):
        return tuple(str(item) for item in value)
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str):
        return value
    raise Malformed(f"an attribute cannot be a {type(value).__name__}")


def _image_record(image: ReferenceImage) -> Json:
    return {
        "image_id": image.image_id,
        "extension": image.extension,
        "width": image.width,
        "height": image.height,
        "source_name": image.source_name,
        "added_at": image.added_at,
    }


def _image_from(record: Json) -> ReferenceImage:
    return ReferenceImage(
        image_id=text(record, "image_id"),
        extension=text(record, "extension"),
        width=number(record, "width"),
        height=number(record, "height"),
        source_name=text(record, "source_name"),
        added_at=text(record, "added_at"),
    )
