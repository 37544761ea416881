"""A small drawn world whose truth is known, and a finder that knows it instead of networks."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from matcher.results import (
    Candidate,
    Detection,
    Identification,
    KnownPrint,
    Match,
    PrintEvidence,
    StageTimes,
    Verdict,
    Verification,
)
from stream.frame import Frame
from stream.video.decoder import SeekPoint

WIDTH, HEIGHT = 640, 360


@dataclass(frozen=True)
class WorldThing:
    """Something in the world: `name` is its product, or None; `box` is None while out of view."""

    name: str | None
    box: Callable[[float], Box | None]
    seed: int = 0


@dataclass(frozen=True)
class World:
    things: tuple[WorldThing, ...]
    camera: Callable[[float], tuple[float, float]] = lambda _: (0.0, 0.0)
    rate: float = 25.0

    def visible(self, time: float) -> list[tuple[WorldThing, Box]]:
        seen = []
        for thing in self.things:
            box = thing.box(time)
            if box is not None:
                dx, dy = self.camera(time)
                moved = Box(box.left - dx, box.top - dy, box.right - dx, box.bottom - dy)
                if moved.clipped(WIDTH, HEIGHT).area > 0.3 * moved.area:
                    seen.append((thing, moved))
        return seen

    def image(self, index: int) -> NDArray[np.uint8]:
        """The picture; its number is written into the first pixel, for the finder."""
        time = index / self.rate
        picture = _shifted(texture(99, 3 * WIDTH, 3 * HEIGHT), self.camera(time))
        for thing, box in self.visible(time):
            size = (round(box.width), round(box.height))
            left, top = round(box.left), round(box.top)
            patch = cv2.resize(texture(thing.seed, 120, 120), size)
            x0, y0 = max(left, 0), max(top, 0)
            x1, y1 = min(left + size[0], WIDTH), min(top + size[1], HEIGHT)
            picture[y0:y1, x0:x1] = patch[y0 - top : y1 - top, x0 - left : x1 - left]
        picture[0, 0] = (index >> 16, (index >> 8) & 255, index & 255)
        return picture

    def frame(self, index: int) -> Frame:
        time = index / self.rate
        return Frame("world", index, time, time, self.image(index))

    def frames(self, seconds: float) -> Iterator[Frame]:
        return (self.frame(index) for index in range(int(seconds * self.rate)))

    def at(self, image: NDArray[np.uint8]) -> list[tuple[WorldThing, Box]]:
        high, middle, low = (int(part) for part in image[0, 0])
        return self.visible(((high << 16) + (middle << 8) + low) / self.rate)


@lru_cache(maxsize=16)
def texture(seed: int, width: int, height: int) -> NDArray[np.uint8]:
    noise = np.random.default_rng(seed).integers(0, 256, (height // 8 + 1, width // 8 + 1, 3))
    big = cv2.resize(noise.astype(np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(big, np.uint8)


def _shifted(big: NDArray[np.uint8], camera: tuple[float, float]) -> NDArray[np.uint8]:
    x, y = round(WIDTH + camera[0]), round(HEIGHT + camera[1])
    return big[y : y + HEIGHT, x : x + WIDTH].copy()


@dataclass(frozen=True)
class WorldCatalog:
    name: str = "shop"
    index_version: int = 7
    products: Mapping[str, object] = field(
        default_factory=lambda: {name: name for name in ("tea", "cola", "milk")}
    )


@dataclass
class WorldFinder:
    """Answers from the world's truth.

    Attributes:
        sees: which things `detect` finds, at which second.
        names: what `match` says of a thing, at which second; None is unknown.
        looked: how many detections were matched, per call.
        junk: what `detect` finds besides, from which second on.
        surveys: whether `survey` finds anything.
        whole: how often the whole picture was tried.
        known: what was known of places, per call.
        prints: log-likelihood ratio of the words that a look reads where they are not known.
    """

    world: World
    sees: Callable[[WorldThing, float], bool] = lambda _thing, _time: True
    names: Callable[[WorldThing, float], str | None] = lambda thing, _time: thing.name
    confidence: float = 0.9
    junk: tuple[tuple[float, Detection], ...] = ()
    surveys: bool = True
    looked: list[int] = field(default_factory=list)
    whole: int = 0
    known: list[tuple[KnownPrint, ...]] = field(default_factory=list)
    prints: float | None = None

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        time = self._time(image)
        seen = [
            Detection(box, self.confidence)
            for thing, box in self.world.at(image)
            if self.sees(thing, time)
        ]
        return (*seen, *(junk for start, junk in self.junk if time >= start))

    def match(
        self,
        image: NDArray[np.uint8],
        detections: Sequence[Detection],
        catalog: WorldCatalog,  # noqa: ARG002 -- the truth needs none
        known: Sequence[KnownPrint] = (),
    ) -> tuple[Match, ...]:
        self.looked.append(len(detections))
        self.known.append(tuple(known))
        return tuple(self._match(image, detection, known) for detection in detections)

    def survey(
        self,
        image: NDArray[np.uint8],
        catalog: WorldCatalog,
        known: Sequence[KnownPrint] = (),
    ) -> Identification:
        self.whole += 1
        self.known.append(tuple(known))
        seen = [Detection(box, 0.9) for _, box in self.world.at(image) if self.surveys]
        matches = tuple(self._match(image, detection, known) for detection in seen)
        return Identification(matches, catalog.index_version, StageTimes())

    def _match(
        self, image: NDArray[np.uint8], detection: Detection, known: Sequence[KnownPrint]
    ) -> Match:
        near = [(box.iou(detection.box), thing, box) for thing, box in self.world.at(image)]
        overlap, thing, box = max(near, key=lambda place: place[0])
        name = self.names(thing, self._time(image)) if overlap > 0.5 else None
        if name is None:
            return unknown(detection)
        named = identical(detection, name, box)
        is_known = any(place.box.iou(box) > 0.5 for place in known)
        if self.prints is None or is_known:
            return named
        return replace(named, printed=(PrintEvidence(name, self.prints),))

    def _time(self, image: NDArray[np.uint8]) -> float:
        high, middle, low = (int(part) for part in image[0, 0])
        return ((high << 16) + (middle << 8) + low) / self.world.rate


@dataclass
class WorldSource:
    """A world as a file."""

    world: World
    seconds: float

    def frames(self, start_index: int = 0, seek_point: SeekPoint | None = None) -> Iterator[Frame]:
        assert seek_point is None or seek_point.index <= start_index
        for index in range(start_index, int(self.seconds * self.world.rate)):
            yield self.world.frame(index)

    def seek_point(self, index: int) -> SeekPoint | None:
        return SeekPoint(index, pts=index, dts=index, origin=0) if index else None


def unknown(detection: Detection, probability: float = 0.05) -> Match:
    candidates = (Candidate("tea", 0.2, probability),)
    return Match(detection, Verdict.UNKNOWN, "tea", probability, None, candidates)


def identical(detection: Detection, name: str, box: Box, probability: float = 0.98) -> Match:
    corners = [[box.left, box.top], [box.right, box.top]]
    corners += [[box.right, box.bottom], [box.left, box.bottom]]
    proof = Verification(
        name, "picture", 40, np.ones((40, 4), np.float32), np.array(corners, np.float32), 0.8, 0.9
    )
    candidates = (Candidate(name, 0.8, probability),)
    return Match(detection, Verdict.IDENTICAL, name, probability, proof, candidates)


def standing(left: float, top: float, width: float = 80, height: float = 100) -> Box:
    return Box(left, top, left + width, top + height)


def still(left: float, top: float) -> Callable[[float], Box | None]:
    """Never moves and never leaves."""
    return lambda _time: standing(left, top)
