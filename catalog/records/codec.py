"""Values as JSON records and back: one converter for journal, checkpoints and readable copies.

The keys of a record are the fields of its dataclass. Unknown keys are passed over, because later
formats may add some; a missing key reads as null, which is an error wherever null is one.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Final, TypeVar, cast, get_args, get_origin

from cattrs import BaseValidationError, Converter
from cattrs.cols import homogenous_tuple_structure_factory, mapping_structure_factory
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from catalog.errors import CatalogError
from catalog.records.feedback import Feedback, FeedbackVerdict
from catalog.records.optional import written_if_set
from catalog.records.product import AttributeValue, Product, ReferenceImage

Json = Mapping[str, object]
ValueT = TypeVar("ValueT")
# How cattrs calls what reads a value: with the value and its type.
_Reader = Callable[[Any, Any], Any]

# Fields of `Feedback` that its record leaves out when they are not known.
_OPTIONAL: Final = frozenset(
    ("other_product_id", "probability", "appearance_id", "image_id", "picture", "note", "by")
)


_OPTIONAL_OF: Final[Mapping[type, frozenset[str]]] = {
    Feedback: _OPTIONAL,
    ReferenceImage: frozenset(("choice", "apart", "background")),
}


class Malformed(ValueError):
    """A JSON value is not what its place asks for."""


class _Unfit(ValueError):
    """A value does not fit; the message is a template for its `key`."""


def dumps(record: Json) -> bytes:
    """Return one JSON object as bytes, the same for equal records."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()


def loads(data: bytes, where: str) -> Json:
    """Read one JSON object.

    Raises:
        CatalogError: it is damaged; the message names `where`.
    """
    try:
        return as_object(json.loads(data))
    except (ValueError, RecursionError) as error:
        raise CatalogError(f"{where} is damaged ({error}); restore it from a backup") from error


def as_object(value: object) -> Json:
    """Return the value as a JSON object.

    Raises:
        Malformed: it is of another type.
    """
    if not isinstance(value, Mapping):
        raise Malformed(f"expected an object, found {type(value).__name__}")
    return value


def to_record(value: object) -> dict[str, Any]:
    """Return a dataclass as a JSON object."""
    return cast("dict[str, Any]", _CONVERTER.unstructure(value))


def from_record(kind: type[ValueT], record: object) -> ValueT:
    """Return the dataclass that `to_record` wrote.

    Raises:
        Malformed: the record does not fit it; the message names the key that does not.
    """
    try:
        return _CONVERTER.structure(record, kind)
    except BaseValidationError as error:
        raise Malformed(_first_fault(error)) from error


def _first_fault(error: Exception) -> str:
    key = ""
    while isinstance(error, BaseValidationError):
        error = error.exceptions[0]
        for note in getattr(error, "__notes__", ()):  # where cattrs found it: a field, key or place
            found = getattr(note, "name", getattr(note, "index", key))
            key = found if isinstance(found, str) else key
    return str(error).format(key=key) if isinstance(error, _Unfit) else str(error)


def _make_converter() -> Converter:
    converter = Converter(unstruct_collection_overrides={Mapping: dict})
    converter.register_structure_hook(str, _strict(str, "a text"))
    converter.register_structure_hook(int, _strict(int, "a whole number"))
    converter.register_structure_hook(float, _read_number)
    converter.register_structure_hook(FeedbackVerdict, _read_verdict)
    for fits, make_reader in (
        (_is_list, _list_reader),
        (_is_map, _map_reader),
        (is_dataclass, _object_reader),
    ):
        converter.register_structure_hook_factory(fits, partial(make_reader, converter))
    attributes = override(unstruct_hook=dict)
    write_image = make_dict_unstructure_fn(
        ReferenceImage,
        converter,
        choice=override(omit_if_default=True),
        apart=override(omit_if_default=True),
        background=override(omit_if_default=True),
    )
    converter.register_unstructure_hook(ReferenceImage, write_image)
    converter.register_unstructure_hook_factory(
        lambda kind: bool(written_if_set(kind)), partial(_sparse_writer, converter)
    )
    write_product = make_dict_unstructure_fn(Product, converter, attributes=attributes)
    converter.register_unstructure_hook(Product, write_product)
    write_feedback = make_dict_unstructure_fn(Feedback, converter)
    converter.register_unstructure_hook(Feedback, lambda given: _known(write_feedback(given)))
    return converter


def _sparse_writer(converter: Converter, kind: type[Any]) -> Callable[[Any], Any]:
    sparse: dict[str, Any] = {name: override(omit_if_default=True) for name in written_if_set(kind)}
    return make_dict_unstructure_fn(kind, converter, **sparse)


def _known(record: Json) -> Json:
    return {key: value for key, value in record.items() if value not in (None, "")}


def _strict(kind: type, words: str) -> _Reader:
    def read(value: object, _: object) -> object:
        if not isinstance(value, kind):
            raise _Unfit(f"{{key!r}} should be {words}")
        return value

    return read


def _read_number(value: object, _: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Unfit("{key!r} should be a number")
    return float(value)


def _read_verdict(value: object, _: object) -> FeedbackVerdict:
    if not isinstance(value, str):
        raise _Unfit("{key!r} should be a text")
    if value not in list(FeedbackVerdict):
        raise Malformed(f"unknown verdict {value!r}")
    return FeedbackVerdict(value)


def _is_list(kind: object) -> bool:
    return get_origin(kind) is tuple and get_args(kind)[-1] is Ellipsis


def _is_map(kind: object) -> bool:
    origin: object = get_origin(kind)
    return origin is Mapping


def _list_reader(converter: Converter, kind: type[Any]) -> _Reader:
    read = homogenous_tuple_structure_factory(kind, converter)

    def read_list(value: object, _: object) -> object:
        if not isinstance(value, list):
            raise _Unfit("{key!r} should be a list")
        return read(value, kind)

    return read_list


def _map_reader(converter: Converter, kind: type[Any]) -> _Reader:
    read = mapping_structure_factory(kind, converter)
    return lambda value, _: MappingProxyType(read(as_object(value), kind))


def _object_reader(converter: Converter, kind: type[Any]) -> _Reader:
    attributes = override(struct_hook=_read_attributes)  # only a product has any
    read = make_dict_structure_fn(kind, converter, attributes=attributes)
    optional = _OPTIONAL_OF.get(kind, frozenset()) | written_if_set(kind)
    required = {field.name: None for field in fields(kind) if field.name not in optional}
    return lambda value, _: read({**required, **as_object(value)}, kind)


def _read_attributes(value: object, _: object) -> tuple[tuple[str, AttributeValue], ...]:
    return tuple((key, _read_attribute(item)) for key, item in as_object(value).items())


def _read_attribute(value: object) -> AttributeValue:
    match value:
        case list() | tuple():
            return tuple(str(item) for item in value)
        case int() | float():
            return float(value)
        case str():
            return value
        case _:
            raise Malformed(f"an attribute cannot be a {type(value).__name__}")


_CONVERTER: Final = _make_converter()
