"""`skulens bench thumbnail`: what thumbnails cut and keep, beside three baselines."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from api.cli.bench.measurement import SHARED_HELP, JsonFile, Seed, measurement, print_result
from api.cli.context import command

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from api.models.crops import CropTools
    from bench.crops.thumbnail.framing import FramedSource
    from bench.crops.thumbnail.labels import ProductPicture
    from training.data.sources import TrainingData

thumbnail_app = typer.Typer()

_PAIRED: Final = 120  # pictures of each source that framing is measured on
_TIMED: Final = 30  # pictures of one megapixel
_BATCH: Final = 200  # pictures of a batch
_LONGEST_PX: Final = 1280


@command(
    thumbnail_app,
    "skulens bench thumbnail --shared DIR",
    "skulens bench thumbnail --shared DIR --limit 40 --json figures.json",
)
def thumbnail(
    context: typer.Context,
    shared: Annotated[Path, typer.Option(metavar="DIR", help=SHARED_HELP)],
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most that many pictures of each set.")
    ] = None,
    seed: Seed = 0,
    json: JsonFile = None,
) -> None:
    """Faces cut, products kept, framing preferred: beside centre, saliency and entropy crops."""
    from bench.crops.thumbnail.framing import measure_framing
    from bench.crops.thumbnail.labels import labels_file, read_faces
    from bench.crops.thumbnail.measure import (
        ThumbnailResult,
        measure_crops,
        time_batch,
        time_megapixels,
    )
    from training.data.sources import TrainingData

    with measurement(context) as (output, built, on_stage):
        data, tools = TrainingData.open(shared.resolve()), built.crops
        faces = read_faces(labels_file(), data.root, limit)
        methods, found = measure_crops(tools.framer, faces, _products(data, limit), on_stage)
        on_stage("framing", 0, None)
        pairs = measure_framing(
            tools.features_alone, tools.framing, list(_sources(data, limit)), seed
        )
        on_stage("timing", 0, None)
        images = [_read(labelled.path) for labelled in data.paintings()[:_TIMED]]
        time_megapixels(tools.framer, images[:2])
        milliseconds = time_megapixels(tools.framer, images)
        garments = data.clothing()[: min(_BATCH, limit or _BATCH)]
        per_second = time_batch(lambda number: _frame(tools, garments[number]), len(garments))
        result = ThumbnailResult(methods, found, pairs, milliseconds, per_second)
    print_result(output, result.table(), result.to_json(), json)


def _products(data: "TrainingData", limit: int | None) -> "dict[str, list[ProductPicture]]":
    """Return pictures that the detector was not trained on, and paintings, which are few."""
    from bench.crops.thumbnail.labels import ProductPicture
    from training.data.sources import is_held_out

    sets = {
        "beverage3": [item for item in data.beverages() if is_held_out(item.path.stem)],
        "art_boxes": list(data.paintings()),
    }
    return {
        name: [ProductPicture(item.path, item.boxes) for item in items if item.boxes][:limit]
        for name, items in sets.items()
    }


def _sources(data: "TrainingData", limit: int | None) -> "Iterator[FramedSource]":
    """Yield held-out pictures, source by source."""
    from bench.crops.thumbnail.framing import FramedSource
    from training.crops.framing.material import framed_pictures

    held_out = [picture for picture in framed_pictures(data) if picture.is_held_out]
    for kind in dict.fromkeys(picture.kind for picture in held_out):
        chosen = [picture for picture in held_out if picture.kind == kind]
        yield FramedSource(kind, [picture.read() for picture in chosen[: limit or _PAIRED]])


def _frame(tools: "CropTools", path: Path) -> None:
    from api.drawing.thumbnail import cut_thumbnail, encode_jpeg
    from matcher.crops.thumbnail.aspect import Aspect

    image = _read(path)
    scene = tools.framer.look(image)
    for aspect in (Aspect.parse("1:1"), Aspect.parse("16:9")):
        encode_jpeg(cut_thumbnail(image, tools.framer.frame(scene, aspect).best.box, None))


def _read(path: Path) -> "NDArray[np.uint8]":
    from training.data.sources import read_rgb

    return read_rgb(path, _LONGEST_PX)
