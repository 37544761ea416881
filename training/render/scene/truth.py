"""The ground truth of a rendered clip, frame by frame and appearance by appearance."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict

import cv2
import numpy as np
from numpy.typing import NDArray

# A product counts as in view while at least this share of it can be seen.
IN_VIEW: Final = 0.25
# An appearance is one that can be asked for only if this share shows for so many seconds.
SEEN_WELL: Final = 0.8
SEEN_WELL_S: Final = 1.0
# Out of view for longer ends an appearance.
LONGEST_GAP_S: Final = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class TrueSighting:
    """One copy of a product in one frame.

    Attributes:
        product_id: which product; also one that is not in the catalog.
        instance: tells copies of one product apart; the same over the whole clip.
        outline: (N, 2) float32 corners of its silhouette in pixels, not clipped to the picture.
        visible: in [0, 1], the share of the silhouette inside the picture and not covered.
    """

    product_id: str
    instance: int
    outline: NDArray[np.float32]
    visible: float

    def covers(self, x: float, y: float) -> bool:
        """Return whether a pixel lies inside the outline."""
        corners = self.outline.reshape(-1, 1, 2)
        return bool(cv2.pointPolygonTest(corners, (float(x), float(y)), False) >= 0)


@dataclass(frozen=True, slots=True)
class TruthFrame:
    """All products in one frame.

    Attributes:
        index: from 0.
        media_time_s: seconds.
        sightings: products in the picture, however little of them shows.
    """

    index: int
    media_time_s: float
    sightings: tuple[TrueSighting, ...]


@dataclass(frozen=True, slots=True)
class TruthAppearance:
    """One product from coming into view to leaving; copies side by side are one appearance.

    Attributes:
        product_id: which product.
        known: whether the catalog holds it.
        from_s: seconds, first frame with enough of it in view (`IN_VIEW`).
        to_s: seconds, last such frame.
    """

    product_id: str
    known: bool
    from_s: float
    to_s: float


@dataclass(frozen=True, slots=True)
class Truth:
    """The ground truth of a clip.

    Attributes:
        width: of the picture in pixels.
        height: of the picture in pixels.
        frame_rate: frames per second.
        frames: all of them, in order.
        appearances: in order of their beginning.
    """

    width: int
    height: int
    frame_rate: float
    frames: tuple[TruthFrame, ...]
    appearances: tuple[TruthAppearance, ...]

    def write(self, path: Path) -> None:
        """Write the truth as JSON."""
        path.write_text(json.dumps(_as_json(self), separators=(",", ":")), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "Truth":
        """Read a truth that `write` wrote.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is not such a file.
        """
        document = json.loads(path.read_text(encoding="utf-8"))
        try:
            return _from_json(document)
        except (KeyError, TypeError) as error:
            raise ValueError(f"{path.name} does not hold the truth of a clip") from error


def find_appearances(
    frames: tuple[TruthFrame, ...], known: frozenset[str], frame_rate: float
) -> tuple[TruthAppearance, ...]:
    """Return the appearances that can fairly be asked for, in order of their beginning.

    A product that only just shows in the picture, or is never seen well for a second, has none.
    """
    shown: dict[str, dict[int, float]] = {}
    for frame in frames:
        for sighting in frame.sightings:
            of_product = shown.setdefault(sighting.product_id, {})
            seen = of_product.get(frame.index, 0.0)
            of_product[frame.index] = max(seen, sighting.visible)
    found = [
        TruthAppearance(product_id, product_id in known, first / frame_rate, last / frame_rate)
        for product_id, shares in shown.items()
        for first, last in _stretches(shares, frame_rate)
    ]
    return tuple(sorted(found, key=lambda appearance: (appearance.from_s, appearance.product_id)))


def _stretches(shares: dict[int, float], frame_rate: float) -> list[tuple[int, int]]:
    """Return first and last frames of the times in view that are seen well for a second."""
    stretches: list[list[int]] = []
    for index in sorted(index for index, share in shares.items() if share >= IN_VIEW):
        if stretches and index - stretches[-1][-1] <= LONGEST_GAP_S * frame_rate:
            stretches[-1].append(index)
        else:
            stretches.append([index])
    return [
        (stretch[0], stretch[-1])
        for stretch in stretches
        if sum(shares[index] >= SEEN_WELL for index in stretch) >= SEEN_WELL_S * frame_rate
    ]


def _as_json(truth: Truth) -> "_Document":
    return {
        "width": truth.width,
        "height": truth.height,
        "frame_rate": truth.frame_rate,
        "appearances": [
            {"product_id": a.product_id, "known": a.known, "from_s": a.from_s, "to_s": a.to_s}
            for a in truth.appearances
        ],
        "frames": [
            {
                "index": frame.index,
                "media_time_s": frame.media_time_s,
                "sightings": [_sighting_as_json(sighting) for sighting in frame.sightings],
            }
            for frame in truth.frames
        ],
    }


def _sighting_as_json(sighting: TrueSighting) -> "_SightingLine":
    return {
        "product_id": sighting.product_id,
        "instance": sighting.instance,
        "visible": round(sighting.visible, 3),
        "outline": [[round(float(x), 1), round(float(y), 1)] for x, y in sighting.outline],
    }


def _from_json(document: "_Document") -> Truth:
    frames = tuple(
        TruthFrame(
            frame["index"],
            frame["media_time_s"],
            tuple(_sighting_from_json(sighting) for sighting in frame["sightings"]),
        )
        for frame in document["frames"]
    )
    appearances = tuple(
        TruthAppearance(a["product_id"], a["known"], a["from_s"], a["to_s"])
        for a in document["appearances"]
    )
    size = (document["width"], document["height"])
    return Truth(*size, document["frame_rate"], frames, appearances)


def _sighting_from_json(sighting: "_SightingLine") -> TrueSighting:
    outline = np.array(sighting["outline"], np.float32).reshape(-1, 2)
    return TrueSighting(sighting["product_id"], sighting["instance"], outline, sighting["visible"])


class _SightingLine(TypedDict):
    product_id: str
    instance: int
    visible: float
    outline: list[list[float]]


class _FrameLine(TypedDict):
    index: int
    media_time_s: float
    sightings: list[_SightingLine]


class _AppearanceLine(TypedDict):
    product_id: str
    known: bool
    from_s: float
    to_s: float


class _Document(TypedDict):
    width: int
    height: int
    frame_rate: float
    appearances: list[_AppearanceLine]
    frames: list[_FrameLine]
