"""ICC profiles of three primaries and one curve, made from what a file says in other words."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Curve = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Maps stored values in [0, 1] to light in [0, 1]."""

_D50: Final = np.array([0.9642, 1.0, 0.8249])  # XYZ of the white that ICC profiles stand on
_BRADFORD: Final = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
_CURVE_STEPS: Final = 4096  # of 16 bits each; less than one level of 8 bits in the darks
_VERSION: Final = 0x02400000  # 2.4, which every reader knows


@dataclass(frozen=True, slots=True)
class Primaries:
    """Chromaticities (x, y) of white and of the lights that are mixed."""

    white: tuple[float, float]
    red: tuple[float, float]
    green: tuple[float, float]
    blue: tuple[float, float]


def make_profile(primaries: Primaries, curve: Curve) -> bytes:
    """Return an ICC profile of three primaries and one curve.

    Raises:
        ValueError: the primaries span no colours.
    """
    tags = {b"wtpt": _xyz(_D50)}
    for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), _to_d50(primaries).T, strict=True):
        tags[name] = _xyz(column)
    light = np.clip(curve(np.linspace(0, 1, _CURVE_STEPS)), 0, 1)
    steps = np.rint(light * 65535).astype(">u2")
    table = b"curv" + struct.pack(">II", 0, _CURVE_STEPS) + steps.tobytes()
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), table)
    return _assembled(tags)


def _to_d50(primaries: Primaries) -> NDArray[np.float64]:
    """Return the (3, 3) map from linear RGB to XYZ, adapted to D50 by Bradford's method."""
    lights = np.stack([_to_xyz(xy) for xy in (primaries.red, primaries.green, primaries.blue)], 1)
    white = _to_xyz(primaries.white)
    try:
        mixed = lights * np.linalg.solve(lights, white)
    except np.linalg.LinAlgError as error:
        raise ValueError("primaries on one line") from error
    cones = np.diag((_BRADFORD @ _D50) / (_BRADFORD @ white))
    adapted = np.linalg.solve(_BRADFORD, cones @ _BRADFORD @ mixed)
    if not np.isfinite(adapted).all() or np.abs(adapted).max() > 2:
        raise ValueError("primaries beyond all colours")
    return np.asarray(adapted, np.float64)


def _to_xyz(xy: tuple[float, float]) -> NDArray[np.float64]:
    x, y = xy
    if y <= 0:
        raise ValueError("a primary without light")
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _xyz(values: NDArray[np.float64]) -> bytes:
    fixed = (round(value * 65536) for value in values.tolist())
    return b"XYZ " + struct.pack(">Iiii", 0, *fixed)


def _assembled(tags: dict[bytes, bytes]) -> bytes:
    start = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    places: dict[bytes, int] = {}
    for name, content in tags.items():
        if content not in places:  # the three curves are one
            places[content] = start + len(body)
            body += content + bytes(-len(content) % 4)
        table += name + struct.pack(">II", places[content], len(content))
    header = struct.pack(">I4xI4s4s4s", start + len(body), _VERSION, b"mntr", b"RGB ", b"XYZ ")
    header += bytes(12) + b"acsp" + bytes(28) + _xyz(_D50)[8:]
    return header.ljust(128, b"\0") + table + body
