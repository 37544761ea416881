"""`skulens bench recognition|homography|copies|video|latency`: the method as a whole."""

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Final

import typer

from api.cli.bench.measurement import (
    SHARED_HELP,
    JsonFile,
    RecognitionData,
    Seed,
    lay_out_protocol,
    measurement,
    open_dataset,
    print_result,
)
from api.cli.context import command
from api.cli.output import OnStage
from api.errors import Refused

if TYPE_CHECKING:
    from api.services import Services
    from bench.recognition.identifier import IdentifierBuilder, PhotoIdentifier
    from bench.recognition.recognition import RecognitionResult
    from matcher.tracking.events import Event

recognition_app = typer.Typer()

DISTRACTORS: Final = 2780  # with the products that are asked about, 3,000 references
_FLAVOURS: Final = 4  # of each invented brand among the distractors


@command(
    recognition_app,
    "skulens bench recognition --data DIR",
    "skulens bench recognition --protocol one-reference --shared DIR --json figures.json",
    "skulens bench recognition --data DIR --limit 60 --no-baseline",
    "skulens bench recognition --protocol many-things --shared DIR --distractors 12780",
    "skulens bench recognition --protocol four-reference --draws 5 --shared DIR --sheet wrong.jpg",
)
def recognition(
    context: typer.Context,
    data: RecognitionData = None,
    protocol: Annotated[
        str | None, typer.Option(metavar="NAME", help="Lay such data out from --shared instead.")
    ] = None,
    shared: Annotated[Path | None, typer.Option(metavar="DIR", help=SHARED_HELP)] = None,
    distractors: Annotated[
        int, typer.Option(min=0, help="Of many-things: products that no photo shows.")
    ] = DISTRACTORS,
    draws: Annotated[
        int, typer.Option(min=0, help="Of four-reference: draw its photos anew so many times.")
    ] = 0,
    limit: Annotated[int | None, typer.Option(min=1, help="At most that many photos.")] = None,
    workers: Annotated[
        int, typer.Option(min=1, max=2, help="Photos at a time; times are fair only with 1.")
    ] = 1,
    sheet: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw the wrong answers here, .jpg or .png."),
    ] = None,
    whole_image: Annotated[bool, typer.Option(help="Also measure --whole-image.")] = True,
    baseline: Annotated[bool, typer.Option(help="Also measure the baseline.")] = True,
    seed: Seed = 0,
    json: JsonFile = None,
) -> None:
    """Recognition on photos, end to end, beside RootSIFT against every reference."""
    from bench.recognition.draws import DrawsResult
    from bench.recognition.protocols import DRAWN, ProtocolOptions
    from bench.recognition.recognition import RecognitionOptions, measure_recognition
    from bench.recognition.sheet import check_sheet, draw_sheet, save_sheet
    from training.data.prints import draw_family

    if draws and (protocol != DRAWN or shared is None):
        raise typer.BadParameter(f"--draws needs --protocol {DRAWN} and --shared DIR")
    if sheet is not None:
        check_sheet(sheet)
    options = RecognitionOptions(limit, seed, workers, whole_image, baseline)

    with measurement(context) as (output, built, on_stage):

        def measure(name: str | None, chosen: ProtocolOptions) -> "RecognitionResult":
            with ExitStack() as stack:
                dataset = open_dataset(data, name, shared, stack, chosen)
                build = _recogniser_builder(built, stack, on_stage)
                measured = measure_recognition(dataset, build, options, on_stage)
                if sheet is not None:
                    queries = dataset.subset(options.limit, options.seed).queries
                    file = sheet if chosen.draw is None else _numbered(sheet, chosen.draw)
                    save_sheet(draw_sheet(dataset, queries, measured.methods[0]), file)
                return measured

        if draws:
            drawn = [measure(protocol, ProtocolOptions(draw=draw)) for draw in range(draws)]
            several = DrawsResult(measure("one-reference", ProtocolOptions()), tuple(drawn))
            table, figures = several.table(), several.to_json()
        else:
            chosen = ProtocolOptions(
                distractors=distractors, draw_prints=lambda number: draw_family(number, _FLAVOURS)
            )
            single = measure(protocol, chosen)
            table, figures = single.table(), single.to_json()
    print_result(output, table, figures, json)


@command(
    recognition_app,
    "skulens bench homography --shared DIR",
    "skulens bench homography --shared DIR --pairs 50 --json figures.json",
)
def homography(
    context: typer.Context,
    shared: Annotated[Path, typer.Option(metavar="DIR", help=SHARED_HELP)],
    pairs: Annotated[int, typer.Option(min=1, help="How many.")] = 200,
    keypoints: Annotated[int, typer.Option(min=8, help="At most, per picture.")] = 512,
    seed: Seed = 0,
    json: JsonFile = None,
) -> None:
    """Keypoints and pairs on warped real photos, beside RootSIFT with mutual ratio."""
    from api.cli.bench.catalogs import pair_finders
    from bench.keypoints.homography import HomographyOptions, evaluation_photos, measure_homography

    with measurement(context) as (output, built, on_stage):
        options = HomographyOptions(evaluation_photos(shared), pairs, keypoints, seed)
        finders = pair_finders(built.models.networks, keypoints)
        result = measure_homography(finders, options, on_stage)
    print_result(output, result.table(), result.to_json(), json)


@command(
    recognition_app,
    "skulens bench copies --shared DIR",
    "skulens bench copies --shared DIR --scenes 4",
)
def copies(
    context: typer.Context,
    shared: Annotated[Path, typer.Option(metavar="DIR", help=SHARED_HELP)],
    scenes: Annotated[int, typer.Option(min=1, help="For each number of copies.")] = 2,
    seed: Seed = 0,
    json: JsonFile = None,
) -> None:
    """One to twelve copies of a carton in a photo: are all found and outlined?"""
    from bench.recognition.copies import CopiesOptions, measure_copies

    with measurement(context) as (output, built, on_stage), ExitStack() as stack:
        catalog = stack.enter_context(lay_out_protocol("one-reference", shared)).catalog
        backgrounds = tuple(sorted((shared / "boofcv_photos").glob("*.jpg")))
        options = CopiesOptions(catalog, backgrounds, scenes, seed)
        result = measure_copies(options, _recogniser_builder(built, stack, on_stage), on_stage)
    print_result(output, result.table(), result.to_json(), json)


@command(
    recognition_app,
    "skulens bench video --shared DIR",
    "skulens bench video --shared DIR --json figures.json",
)
def video(
    context: typer.Context,
    shared: Annotated[Path, typer.Option(metavar="DIR", help=SHARED_HELP)],
    json: JsonFile = None,
) -> None:
    """Products in a real video whose catalog is cut from a few of its frames."""
    from api.cli.bench.catalogs import temporary_catalog, watch_clip
    from api.cli.bench.labelled import soda_options
    from bench.live.video import measure_video

    with measurement(context) as (output, built, on_stage), ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="skulens-")))

        def watch(clip: Path, pictures: Path) -> Iterable["Event"]:
            encoder = built.models.encoder
            with temporary_catalog(pictures, encoder, on_stage) as catalog:
                yield from watch_clip(clip, catalog, built.finder, on_stage)

        result = measure_video(soda_options(shared, folder), watch, on_stage)
    print_result(output, result.table(), result.to_json(), json)


@command(
    recognition_app,
    "skulens bench latency --shared DIR",
    "skulens bench latency --shared DIR --frames 300",
    help="What each stage and a frame cost, beside a naive pipeline on the same frames.",
)
def latency(
    context: typer.Context,
    shared: Annotated[Path, typer.Option(metavar="DIR", help=SHARED_HELP)],
    frames: Annotated[int, typer.Option(min=1, help="How many the engine follows.")] = 150,
    start: Annotated[int, typer.Option(min=0, help="Number of the first.")] = 0,
    naive_frames: Annotated[int, typer.Option(min=1, help="How many the naive way does.")] = 4,
    json: JsonFile = None,
) -> None:
    """Time each stage and a frame, beside a naive pipeline on the same frames."""
    from api.cli.bench.catalogs import latency_target, temporary_catalog
    from api.cli.bench.labelled import soda_clip
    from bench.appearances import LABELS, read_crops
    from bench.latency.latency import LatencyOptions, measure_latency
    from bench.live.video import cut_references
    from stream.video.file import FileSource

    with measurement(context) as (output, built, on_stage), ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="skulens-")))
        clip = soda_clip(shared)
        cut_references(clip, read_crops(LABELS / "soda_catalog.json"), folder)
        encoder = built.models.encoder
        catalog = stack.enter_context(temporary_catalog(folder, encoder, on_stage))
        first = next(FileSource(clip).frames(start), None)
        if first is None:
            raise Refused(f"{clip.name} has no frame {start}")
        options = LatencyOptions(clip, start, frames, naive_frames)
        target = latency_target(built, catalog, first.image)
        result = measure_latency(options, target, on_stage)
    print_result(output, result.table(), result.to_json(), json)


def _numbered(file: Path, draw: int) -> Path:
    return file.with_stem(f"{file.stem}-{draw}")


def _recogniser_builder(
    built: "Services", stack: ExitStack, on_stage: OnStage
) -> "IdentifierBuilder":
    from api.cli.bench.catalogs import CatalogRecogniser, temporary_catalog

    def build(folder: Path) -> "PhotoIdentifier":
        catalog = stack.enter_context(temporary_catalog(folder, built.models.encoder, on_stage))
        return CatalogRecogniser(built.finder, catalog)

    return build
