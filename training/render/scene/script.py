"""The film's script: where everything stands and how camera and hands move."""

from dataclasses import dataclass

from training.render.scene.path import Path

FRAME_RATE = 25
DURATION = 23.6


@dataclass(frozen=True, slots=True)
class Shelved:
    """A product's place on the shelf.

    Attributes:
        product_id: which.
        upper: on the upper board.
        places: x of each copy's middle, metres.
        turn: yaw in radians, so that not all face squarely.
    """

    product_id: str
    upper: bool
    places: tuple[float, ...]
    turn: float = 0.0


@dataclass(frozen=True, slots=True)
class Held:
    """A product shown by a hand.

    Attributes:
        product_id: which; None is the product that no catalog holds.
        start: seconds, when it comes in.
        end: seconds, when it has gone.
        yaw: radians at start, in the middle, at the end.
        pitch: radians at the same three times.
        roll: radians at the same three times.
    """

    product_id: str | None
    start: float
    end: float
    yaw: tuple[float, float, float]
    pitch: tuple[float, float, float]
    roll: tuple[float, float, float]


SHELF = (
    Shelved("bellacosta-tomatoes", True, (-0.615, -0.505), -0.12),
    Shelved("tarn-bergamot", True, (-0.305, -0.125), 0.02),
    Shelved("northbean-dark", True, (0.085, 0.205), -0.08),
    Shelved("kornik-sea-salt", True, (0.445,), -0.05),
    Shelved("jaderiver-jasmine", False, (-0.60, -0.445), 0.03),
    Shelved("almhorn-milk", False, (-0.265, -0.155), -0.04),
    Shelved("pastello-penne", False, (0.05, 0.215), 0.05),
    Shelved("brisq-alpine", False, (0.47,), -0.06),
)

HELD = (
    Held(
        "trailfox-berries",
        11.3,
        14.2,
        (0.35, -0.05, -0.30),
        (0.05, -0.08, -0.22),
        (0.06, -0.03, 0.02),
    ),
    Held(
        "lumera-orange", 14.4, 17.4, (-0.55, -0.12, 0.30), (0.10, 0.02, -0.10), (-0.05, 0.03, 0.06)
    ),
    Held(None, 17.6, 20.5, (0.40, 0.05, -0.35), (0.0, -0.06, 0.08), (0.03, -0.04, -0.02)),
    Held(
        "cocoalane-malt", 20.7, 23.5, (-0.30, 0.0, 0.28), (0.12, -0.10, -0.24), (0.08, 0.0, -0.05)
    ),
)

# Camera: x, y, z of the pinhole and x, y of the point looked at (on the plane z = 0.05).
CAMERA = Path(
    (0.0, 0.9, 1.8, 2.6, 3.4, 4.3, 5.2, 6.0, 6.9, 7.8, 8.7, 9.7, 10.3, 11.3, 17.5, 23.6),
    (
        (0.52, -0.36, -0.66, 0.48, -0.34),
        (0.40, -0.37, -0.62, 0.40, -0.36),
        (0.20, -0.37, -0.61, 0.14, -0.37),
        (0.02, -0.38, -0.61, 0.00, -0.37),
        (-0.24, -0.38, -0.60, -0.30, -0.36),
        (-0.44, -0.37, -0.60, -0.48, -0.36),
        (-0.48, -0.20, -0.63, -0.50, -0.16),
        (-0.42, -0.14, -0.63, -0.44, -0.12),
        (-0.20, -0.13, -0.62, -0.18, -0.12),
        (-0.04, -0.13, -0.62, 0.02, -0.12),
        (0.24, -0.14, -0.62, 0.28, -0.12),
        (0.40, -0.14, -0.64, 0.46, -0.13),
        (0.78, -0.15, -0.76, 0.98, -0.14),
        (1.92, -0.17, -0.97, 1.95, -0.16),
        (1.96, -0.18, -0.96, 1.98, -0.15),
        (1.90, -0.16, -0.97, 1.93, -0.17),
    ),
)

# Where a held product is, from its coming in to its leaving (shares of its time): x, y, z.
HELD_PATH = Path(
    (0.0, 0.17, 0.34, 0.62, 0.83, 1.0),
    (
        (2.20, 0.42, -0.38),
        (1.99, -0.12, -0.42),
        (1.93, -0.17, -0.45),
        (1.96, -0.18, -0.44),
        (1.97, -0.13, -0.42),
        (2.24, 0.44, -0.38),
    ),
)

# A passer-by's hand that reaches across the lower board: x, y, z of its grip.
REACH = Path(
    (6.3, 6.85, 7.3, 7.9),
    ((0.30, 0.38, -0.10), (-0.06, -0.055, -0.05), (-0.07, -0.06, -0.05), (0.34, 0.40, -0.10)),
)

# Leaves of a plant close to the lens: x, y, z, and their size in metres.
LEAVES = ((-0.05, -0.335, -0.34, 0.12), (0.015, -0.300, -0.36, 0.10))
