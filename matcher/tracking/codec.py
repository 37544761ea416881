"""Dataclasses as JSON and back, exactly: floats keep every bit, arrays and bytes go as base64.

The name of a field is its key. A field that was renamed after files had been written keeps its
old key: `field(metadata=recorded_as("old_name"))`. One that was added later is not written while it
has its default: `field(default=None, metadata=RECORDED_IF_SET)`.
"""

import base64
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Final, TypeVar, cast, get_args, get_origin, get_type_hints

import numpy as np

from matcher.recorded import IF_SET

_KEY: Final = "key in records"

ValueT = TypeVar("ValueT")


def recorded_as(key: str) -> dict[str, str]:
    """Return the metadata of a dataclass field whose key in records is not its name."""
    return {_KEY: key}


def to_record(value: object) -> object:
    """Return what `json.dumps` can write of dataclasses, enums, arrays, bytes and containers.

    Raises:
        TypeError: the value holds something else.
    """
    match value:
        case Enum():
            return value.value
        case None | bool() | int() | float() | str():
            return value
        case bytes():
            return base64.b64encode(value).decode("ascii")
        case np.ndarray():
            data = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode("ascii")
            return {"dtype": value.dtype.str, "shape": list(value.shape), "data": data}
        case Mapping():
            return {str(key): to_record(item) for key, item in value.items()}
        case list() | tuple():
            return [to_record(item) for item in value]
    if is_dataclass(value):
        kind: type = type(value)
        unset = {
            item.name
            for item in fields(value)
            if item.metadata.get(IF_SET) and getattr(value, item.name) == item.default
        }
        return {
            key: to_record(getattr(value, name))
            for key, (name, _) in _fields(kind).items()
            if name not in unset
        }
    raise TypeError(f"a record cannot hold a {type(value).__name__}")


def from_record(kind: type[ValueT], record: object) -> ValueT:
    """Return the value of a type which `to_record` wrote.

    Raises:
        ValueError: the record does not fit the type.
    """
    try:
        return cast("ValueT", _read(kind, record))
    except (KeyError, TypeError) as error:
        raise ValueError(f"the record is no {kind.__name__}: {error!r}") from error


def _read(kind: object, record: object) -> object:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is types.UnionType:
        present = next(option for option in arguments if option is not types.NoneType)
        return None if record is None else _read(present, record)
    if isinstance(record, list) and origin in (list, tuple):
        items = [_read(arguments[0], item) for item in record]
        return items if origin is list else tuple(items)
    if isinstance(record, dict):
        return _read_mapping(kind, record)
    if isinstance(record, str) and kind is bytes:
        return base64.b64decode(record)
    return _read_plain(kind, record)


def _read_mapping(kind: object, record: dict[str, object]) -> object:
    if get_origin(kind) is dict:
        key, item = get_args(kind)
        return {key(name): _read(item, value) for name, value in record.items()}
    if isinstance(kind, type) and is_dataclass(kind):
        keys = _fields(kind)
        named = ((*keys[key], value) for key, value in record.items())
        return kind(**{name: _read(hint, value) for name, hint, value in named})
    data, dtype, shape = str(record["data"]), str(record["dtype"]), record["shape"]
    flat = np.frombuffer(base64.b64decode(data), dtype=np.dtype(dtype))
    return flat.reshape(cast("list[int]", shape)).copy()


def _read_plain(kind: object, record: object) -> object:
    if not isinstance(kind, type):
        raise TypeError(f"expected {kind}, got {record!r}")
    if issubclass(kind, Enum):
        return kind(record)
    if kind is float and type(record) is int:
        return float(record)
    if not isinstance(record, kind) or (isinstance(record, bool) and kind is not bool):
        raise TypeError(f"expected {kind.__name__}, got {record!r}")
    return record


@cache
def _fields(kind: type) -> dict[str, tuple[str, object]]:
    """Name and type of each field by its key; found once, for files of thousands of lines."""
    hints = get_type_hints(kind)
    return {
        field.metadata.get(_KEY, field.name): (field.name, hints[field.name])
        for field in fields(kind)
    }
