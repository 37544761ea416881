"""Dataclasses as JSON and back, exactly: floats keep every bit, arrays and bytes go as base64."""

import base64
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import TypeVar, cast, get_args, get_origin, get_type_hints

import numpy as np

ValueT = TypeVar("ValueT")


def to_record(value: object) -> object:
    """What `json.dumps` can write of dataclasses, enums, arrays, bytes, mappings and sequences.

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
        return {field.name: to_record(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"a record cannot hold a {type(value).__name__}")


def from_record(kind: type[ValueT], record: object) -> ValueT:
    """The value of that type which `to_record` wrote.

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
        present = next(each for each in arguments if each is not types.NoneType)
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
        hints = _hints(kind)
        return kind(**{name: _read(hints[name], value) for name, value in record.items()})
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
def _hints(kind: type) -> dict[str, object]:
    """Types of a dataclass's fields; finding them anew would dominate the reading of long files."""
    return get_type_hints(kind)
