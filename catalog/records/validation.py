"""Rules for ids, texts and attributes of products; checked before anything is written."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from catalog.errors import Invalid, NotFound
from catalog.records.product import AttributeValue, Product, is_valid_id

# Bounds of one product, far above any real one; the bytes of an entry bound them all together.
MOST_IMAGES: Final = 256
LONGEST_NAME: Final = 300  # characters
LONGEST_DESCRIPTION: Final = 20_000  # characters
MOST_ATTRIBUTES: Final = 100  # of a product
LONGEST_ATTRIBUTE: Final = 2_000  # characters
MOST_LISTED: Final = 100  # texts of an attribute that is a list
# How long a removed product can be restored, because its pictures are kept.
RESTORE_DAYS: Final = 30
# Characters of a refused id that its message quotes.
_QUOTED: Final = 60


def check_id(text: str, what: str) -> None:
    """Refuse what may not name a product, a catalog or a part.

    Args:
        text: the id.
        what: "product", "catalog", for the message.

    Raises:
        Invalid: it breaks the pattern of ids.
    """
    if not is_valid_id(text):
        raise Invalid(
            f"{_quote(text)} cannot be a {what} id; use 1 to 128 letters a-z, digits, '.', '_' "
            "and '-', with a letter or digit first"
        )


def check_texts(name: str, description: str) -> None:
    """Refuse names and descriptions that are too long or cannot be stored.

    Raises:
        Invalid: one of them does.
    """
    _check_text(name, "name", LONGEST_NAME)
    _check_text(description, "description", LONGEST_DESCRIPTION)


def attribute_items(
    attributes: Mapping[str, AttributeValue],
) -> tuple[tuple[str, AttributeValue], ...]:
    """Return attributes as a product keeps them, in their order.

    Raises:
        Invalid: a name is empty, or a value is too long, not finite or of another type.
    """
    if len(attributes) > MOST_ATTRIBUTES:
        raise Invalid(f"{len(attributes)} attributes are too many; give at most {MOST_ATTRIBUTES}")
    return tuple((_key(key), _value(key, value)) for key, value in attributes.items())


def changed_attributes(
    items: tuple[tuple[str, AttributeValue], ...], changes: Mapping[str, AttributeValue | None]
) -> tuple[tuple[str, AttributeValue], ...]:
    """Return attributes with some changed in their place, added at the end, or taken away.

    Raises:
        Invalid: as `attribute_items`, or one to take away is not there.
    """
    if not changes:
        return items
    after: dict[str, AttributeValue] = dict(items)
    for key, value in changes.items():
        if value is not None:
            after[key] = value
        elif key in after:
            del after[key]
        else:
            raise Invalid(f"there is no attribute {key!r} to take away")
    return attribute_items(after)


def to_storable(text: str) -> str:
    """Return a file's name as text that can be stored; undecodable bytes become question marks."""
    return text.encode("utf-8", "replace").decode()[-LONGEST_NAME:]


def one_line(text: str) -> str:
    """Return a text as one line that can be shown and stored: odd characters are written out."""
    whole = text.encode("utf-8", "backslashreplace").decode()
    return "".join(
        character if character.isprintable() or character == "\xad" else ascii(character)[1:-1]
        for character in whole
    )


def _key(key: str) -> str:
    if not key.strip():
        raise Invalid("an attribute needs a name")
    _check_text(key, "attribute name", LONGEST_NAME)
    return key


def _value(key: str, value: object) -> AttributeValue:
    match value:
        case str():
            _check_text(value, f"attribute {key!r}", LONGEST_ATTRIBUTE)
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            if not math.isfinite(value):
                raise Invalid(f"attribute {key!r} is {value}; give a finite number")
            return float(value)
        case list() | tuple():
            return _texts(key, tuple(value))
        case _:
            raise Invalid(f"attribute {key!r} must be a text, a number or a list of texts")


def _texts(key: str, values: tuple[object, ...]) -> tuple[str, ...]:
    if len(values) > MOST_LISTED:
        raise Invalid(f"attribute {key!r} lists {len(values)} texts; give at most {MOST_LISTED}")
    for value in values:
        if not isinstance(value, str):
            raise Invalid(f"attribute {key!r} lists something that is no text: {value!r}")
        _check_text(value, f"attribute {key!r}", LONGEST_ATTRIBUTE)
    return tuple(str(value) for value in values)


def _check_text(text: str, what: str, longest: int) -> None:
    if len(text) > longest:
        raise Invalid(f"the {what} has {len(text):,} characters; give at most {longest:,}")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Invalid(f"the {what} {_quote(text)} is not valid Unicode") from error


def _quote(text: str) -> str:
    return ascii(text) if len(text) <= _QUOTED else f"{text[:_QUOTED]!a}… ({len(text)} characters)"


def is_restorable(product: Product, at: str) -> bool:
    """Return whether a removed product's pictures are still kept.

    Args:
        product: its last record; it was updated when it was removed.
        at: ISO 8601, UTC.
    """
    removed = datetime.fromisoformat(product.updated_at)
    return datetime.fromisoformat(at) - removed <= timedelta(days=RESTORE_DAYS)


def check_restorable(product: Product, at: str) -> None:
    """Refuse to restore a product whose pictures may be gone.

    Raises:
        NotFound: it was removed too long ago.
    """
    if not is_restorable(product, at):
        raise NotFound(
            f"product {product.product_id} was removed more than {RESTORE_DAYS} days ago and its "
            "pictures are gone; add it again"
        )
