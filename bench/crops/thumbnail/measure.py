"""Thumbnails on labelled pictures, beside three baselines, and how long they take."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.crops.thumbnail.baselines import (
    CropAll,
    centre_crops,
    entropy_crops,
    spectral_crops,
)
from bench.crops.thumbnail.kept import (
    FaceCounts,
    ProductCounts,
    count_faces,
    count_products,
    counts,
    is_found,
    legal_crop_exists,
)
from bench.crops.thumbnail.labels import FacePicture, ProductPicture
from bench.progress import Progress, silent
from bench.recognition.dataset import load_picture
from bench.table import Table
from matcher.crops.thumbnail.aspect import Aspect
from matcher.crops.thumbnail.framer import ThumbnailFramer
from matcher.imaging.box import Box

ASPECTS: Final = ("1:1", "4:3", "3:4", "16:9", "9:16")
OURS: Final = "skulens"
_MEGAPIXEL: Final = 1_000_000  # pixels, of pictures that are timed
_AT_ONCE: Final = 2  # pictures of a batch, as in `skulens crop thumbnail`

Image = NDArray[np.uint8]


@dataclass(slots=True)
class MethodCounts:
    """Counts of one way to crop.

    Attributes:
        faces: by whether they are printed.
        products: by the name of the set.
    """

    faces: dict[bool, FaceCounts] = field(
        default_factory=lambda: {False: FaceCounts(), True: FaceCounts()}
    )
    products: dict[str, ProductCounts] = field(default_factory=dict)


@dataclass(slots=True)
class FoundFaces:
    """Labelled faces of at least 24 pixels that the detector found, by whether they are printed.

    Attributes:
        labelled: number of faces.
        found: of these.
        false: boxes in which no face is labelled.
        pictures: looked at.
    """

    labelled: dict[bool, int] = field(default_factory=lambda: {False: 0, True: 0})
    found: dict[bool, int] = field(default_factory=lambda: {False: 0, True: 0})
    false: int = 0
    pictures: int = 0


@dataclass(frozen=True, slots=True)
class ThumbnailResult:
    """A measurement.

    Attributes:
        methods: counts by name.
        found: what the face detector found.
        pairs: shares of held-out pairs that the photographer's framing won, by source and kind.
        milliseconds: (N,) of pictures of one megapixel at five aspects.
        per_second: pictures of a batch at two aspects, reading and writing included.
    """

    methods: Mapping[str, MethodCounts]
    found: FoundFaces
    pairs: Mapping[str, Mapping[str, float]]
    milliseconds: Sequence[float]
    per_second: float

    def table(self) -> Table:
        """Return the table for people."""
        sets = tuple(next(iter(self.methods.values())).products)
        rows = tuple(
            (
                name,
                *(
                    _share(of.faces[printed].cut, of.faces[printed].judged)
                    for printed in (False, True)
                ),
                *(_share(of.products[s].together_whole, of.products[s].together) for s in sets),
                *(_share(of.products[s].alone_whole, of.products[s].alone) for s in sets),
            )
            for name, of in self.methods.items()
        )
        columns = ("Way to crop", "Live faces cut", "Printed faces cut")
        return Table(
            f"Thumbnails at {', '.join(ASPECTS)}",
            (*columns, *(f"{s} whole" for s in sets), *(f"{s} whole, each alone" for s in sets)),
            rows,
            self._notes(),
        )

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "methods": {
                name: {
                    "live_faces": asdict(of.faces[False]),
                    "printed_faces": asdict(of.faces[True]),
                    "products": {s: asdict(kept) for s, kept in of.products.items()},
                }
                for name, of in self.methods.items()
            },
            "faces_found": {
                "live": [self.found.found[False], self.found.labelled[False]],
                "printed": [self.found.found[True], self.found.labelled[True]],
                "false": self.found.false,
                "pictures": self.found.pictures,
            },
            "pairs": {name: dict(shares) for name, shares in self.pairs.items()},
            "p95_ms": _percentile(self.milliseconds, 95),
            "median_ms": _percentile(self.milliseconds, 50),
            "pictures_per_second": self.per_second,
        }

    def _notes(self) -> tuple[str, ...]:
        found = self.found
        faces = (
            f"Faces of 24 px and more that the detector found: live "
            f"{found.found[False]} of {found.labelled[False]}, printed {found.found[True]} of "
            f"{found.labelled[True]}; false boxes {found.false} in {found.pictures} pictures."
        )
        pairs = (
            f"The photographer's framing won, {source}: "
            + ", ".join(f"{kind} {share:.3f}" for kind, share in shares.items())
            for source, shares in self.pairs.items()
        )
        return (
            "Faces are counted where a crop exists that cuts none; products where all of a "
            "picture's fit into one crop, or each where it fits alone.",
            faces,
            *pairs,
            f"One megapixel at five aspects: median {_percentile(self.milliseconds, 50):.0f} ms, "
            f"95th percentile {_percentile(self.milliseconds, 95):.0f} ms; a batch at two aspects: "
            f"{self.per_second:.1f} pictures a second.",
        )


def measure_crops(
    framer: ThumbnailFramer,
    faces: Iterable[FacePicture],
    products: Mapping[str, Sequence[ProductPicture]],
    on_step: Progress = silent,
) -> tuple[dict[str, MethodCounts], FoundFaces]:
    """Crop labelled pictures in every way, and count what is cut and kept."""
    aspects = tuple(Aspect.parse(text) for text in ASPECTS)
    ways: dict[str, CropAll] = {
        OURS: lambda image, wanted: frame_all(framer, image, wanted),
        "centre crop": centre_crops,
        "spectral residual": spectral_crops,
        "entropy": entropy_crops,
    }
    methods = {name: MethodCounts() for name in ways}
    found = FoundFaces()
    for done, picture in enumerate(faces):
        on_step("faces", done, 0)
        legal = [legal_crop_exists(picture, aspect) for aspect in aspects]
        scene = framer.look(picture.image)
        ours = tuple(framer.frame(scene, aspect).best.box for aspect in aspects)
        for name, crop_all in ways.items():
            crops = ours if name == OURS else crop_all(picture.image, aspects)
            count_faces(methods[name].faces, picture, aspects, crops, legal)
        _count_found(found, picture, [face.box for face in scene.faces])
    for label, pictures in products.items():
        for name, crop_all in ways.items():
            total = methods[name].products.setdefault(label, ProductCounts())
            for done, product in enumerate(pictures):
                on_step(f"{label}, {name}", done, len(pictures))
                image = load_picture(product.path)
                crops = crop_all(image, aspects)
                size = image.shape[1], image.shape[0]
                count_products(total, product.boxes, size, aspects, crops)
    return methods, found


def frame_all(
    framer: ThumbnailFramer, image: Image, aspects: tuple[Aspect, ...]
) -> tuple[Box, ...]:
    """Crop as the product does."""
    scene = framer.look(image)
    return tuple(framer.frame(scene, aspect).best.box for aspect in aspects)


def time_megapixels(framer: ThumbnailFramer, images: Sequence[Image]) -> list[float]:
    """Return milliseconds to frame each picture, brought to one megapixel, at five aspects."""
    aspects = tuple(Aspect.parse(text) for text in ASPECTS)
    taken = []
    for image in images:
        scale = (_MEGAPIXEL / (image.shape[0] * image.shape[1])) ** 0.5
        large = np.asarray(cv2.resize(image, None, fx=scale, fy=scale), np.uint8)
        began = time.perf_counter()
        frame_all(framer, large, aspects)
        taken.append(1000 * (time.perf_counter() - began))
    return taken


def time_batch(work: Callable[[int], None], count: int) -> float:
    """Return pictures a second, two at once as the command does.

    Args:
        work: reads, frames and writes the picture of a number.
        count: numbers, from 0.
    """
    began = time.perf_counter()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for _ in pool.map(work, range(count)):
            pass
    return count / (time.perf_counter() - began)


def _count_found(found: FoundFaces, picture: FacePicture, boxes: Sequence[Box]) -> None:
    found.pictures += 1
    for face in picture.faces:
        if counts(face.box):
            found.labelled[face.printed] += 1
            found.found[face.printed] += is_found(face.box, boxes)
    labelled = [face.box for face in picture.faces]
    found.false += sum(all(box.intersection(face) == 0 for face in labelled) for box in boxes)


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole}" + (f" ({100 * part / whole:.1f} %)" if whole else "")


def _percentile(values: Sequence[float], percent: float) -> float:
    return float(np.percentile(values, percent)) if len(values) else float("nan")
