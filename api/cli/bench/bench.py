"""`skulens bench …`: measurements, each with its baseline in the same run."""

import json as json_format
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.table import Table as RichTable
from rich.text import Text

from api.cli.context import examples, open_services
from api.cli.output import OnStage, Output
from api.errors import Refused

if TYPE_CHECKING:
    from api.services import Services
    from bench.recognition.dataset import Dataset
    from bench.recognition.identifier import IdentifierBuilder, PhotoIdentifier
    from bench.table import Table
    from matcher.tracking.events import Event

bench_app = typer.Typer(
    no_args_is_help=True,
    help="Measure skulens, each time beside a baseline.",
    epilog=examples(
        "skulens bench recognition --data DIR --json recognition.json",
        "skulens bench homography --shared DIR",
    ),
)

JsonFile = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Also write the figures there.")
]
RecognitionData = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="catalog/<product>/*, queries/<product>/* and queries/_unknown/*."
    ),
]
Seed = Annotated[int, typer.Option(help="Of all chance.")]
GAP: Final = 2
WIDEST_LABEL: Final = 26
SHARED_HELP: Final = "The real pictures, laid out as their README says."


@bench_app.command(
    epilog=examples(
        "skulens bench recognition --data DIR",
        "skulens bench recognition --protocol one-reference --shared DIR --json figures.json",
        "skulens bench recognition --data DIR --limit 60 --no-baseline",
    )
)
def recognition(
    context: typer.Context,
    data: RecognitionData = None,
    protocol: Annotated[
        str | None, typer.Option(metavar="NAME", help="Lay such data out from --shared instead.")
    ] = None,
    shared: Annotated[Path | None, typer.Option(metavar="DIR", help=SHARED_HELP)] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most that many photos.")] = None,
    workers: Annotated[
        int, typer.Option(min=1, max=2, help="Photos at a time; times are fair only with 1.")
    ] = 1,
    whole_image: Annotated[bool, typer.Option(help="Also measure --whole-image.")] = True,
    baseline: Annotated[bool, typer.Option(help="Also measure the baseline.")] = True,
    seed: Seed = 0,
    json: JsonFile = None,
) -> None:
    """Recognition on photos, end to end, beside RootSIFT against every reference."""
    from bench.recognition.recognition import RecognitionOptions, measure_recognition

    with measurement(context) as (output, built, on_stage), ExitStack() as stack:
        dataset = open_dataset(data, protocol, shared, stack)
        options = RecognitionOptions(limit, seed, workers, whole_image, baseline)
        build = _recogniser_builder(built, stack, on_stage)
        result = measure_recognition(dataset, build, options, on_stage)
    print_result(output, result.table(), result.to_json(), json)


@bench_app.command(
    epilog=examples(
        "skulens bench homography --shared DIR",
        "skulens bench homography --shared DIR --pairs 50 --json figures.json",
    )
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


@bench_app.command(
    epilog=examples(
        "skulens bench copies --shared DIR", "skulens bench copies --shared DIR --scenes 4"
    )
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


@bench_app.command(
    epilog=examples(
        "skulens bench video --shared DIR", "skulens bench video --shared DIR --json figures.json"
    )
)
def video(
    context: typer.Context,
    shared: Annotated[Path, typer.Option(metavar="DIR", help=SHARED_HELP)],
    json: JsonFile = None,
) -> None:
    """Products in a real video whose catalog is cut from a few of its frames."""
    from bench.appearances import LABELS, read_appearances, read_crops
    from bench.live.video import VideoOptions, measure_video

    with measurement(context) as (output, built, on_stage), ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="skulens-")))
        options = VideoOptions(
            _soda_clip(shared),
            read_crops(LABELS / "soda_catalog.json"),
            read_appearances(LABELS / "soda_appearances.json"),
            folder,
        )

        def watch(clip: Path, pictures: Path) -> Iterable["Event"]:
            return _watched(clip, pictures, built, stack, on_stage)

        result = measure_video(options, watch, on_stage)
    print_result(output, result.table(), result.to_json(), json)


@bench_app.command(
    epilog=examples(
        "skulens bench latency --shared DIR", "skulens bench latency --shared DIR --frames 300"
    )
)
def latency(
    context: typer.Context,
    shared: Annotated[Path, typer.Option(metavar="DIR", help=SHARED_HELP)],
    frames: Annotated[int, typer.Option(min=1, help="How many the engine follows.")] = 150,
    start: Annotated[int, typer.Option(min=0, help="Number of the first.")] = 0,
    naive_frames: Annotated[int, typer.Option(min=1, help="How many the naive way does.")] = 4,
    json: JsonFile = None,
) -> None:
    """What each stage and a frame cost, beside a naive pipeline on the same frames."""
    from api.cli.bench.catalogs import latency_target, temporary_catalog
    from bench.appearances import LABELS, read_crops
    from bench.latency.latency import LatencyOptions, measure_latency
    from bench.live.video import cut_references
    from stream.video.file import FileSource

    with measurement(context) as (output, built, on_stage), ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="skulens-")))
        clip = _soda_clip(shared)
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


@contextmanager
def measurement(context: typer.Context) -> Iterator[tuple[Output, "Services", OnStage]]:
    """What every measurement is given, while the block runs."""
    output = Output()
    built = open_services(context)
    with output.stages() as on_stage:
        on_stage("loading the networks", 0, None)
        yield output, built, on_stage


def open_dataset(
    data: Path | None, protocol: str | None, shared: Path | None, stack: ExitStack
) -> "Dataset":
    """Data of a folder, or of a protocol that is laid out for as long as the stack is open."""
    from bench.recognition.dataset import read_dataset

    if data is not None and protocol is None:
        return read_dataset(data)
    if data is None and protocol is not None and shared is not None:
        return stack.enter_context(lay_out_protocol(protocol, shared))
    raise typer.BadParameter("give either --data DIR, or --protocol NAME with --shared DIR")


@contextmanager
def lay_out_protocol(protocol: str, shared: Path) -> Iterator["Dataset"]:
    """The real pictures of a protocol as recognition data, while the block runs."""
    from bench.recognition.protocols import lay_out

    with TemporaryDirectory(prefix="skulens-") as folder:
        yield lay_out(protocol, shared, Path(folder))


def _recogniser_builder(
    built: "Services", stack: ExitStack, on_stage: OnStage
) -> "IdentifierBuilder":
    from api.cli.bench.catalogs import CatalogRecogniser, temporary_catalog

    def build(folder: Path) -> "PhotoIdentifier":
        catalog = stack.enter_context(temporary_catalog(folder, built.models.encoder, on_stage))
        return CatalogRecogniser(built.finder, catalog)

    return build


def _watched(
    clip: Path, pictures: Path, built: "Services", stack: ExitStack, on_stage: OnStage
) -> Iterator["Event"]:
    from api.cli.bench.catalogs import temporary_catalog
    from matcher.tracking.frame_matcher import FrameMatcher
    from matcher.tracking.state import SessionInfo
    from stream.video.file import FileSource

    catalog = stack.enter_context(temporary_catalog(pictures, built.models.encoder, on_stage))
    engine = FrameMatcher(built.finder, SessionInfo("bench", 0.0))
    source = FileSource(clip)
    for frame in source.frames():
        on_stage("video", frame.index + 1, source.frame_count_estimate)
        yield from engine.match_frame(frame, catalog).events
    yield from engine.finish(catalog).events


def _soda_clip(shared: Path) -> Path:
    clips = sorted((shared / "videos").glob("soda_shelf*"))
    if not clips:
        raise Refused(f"there is no videos/soda_shelf… in {shared}")
    return clips[0]


def print_result(
    output: Output, table: "Table", figures: Mapping[str, Any], file: Path | None
) -> None:
    """Print a measurement's table and write its figures."""
    output.show(Text(table.title, "bold"))
    for part in figure_tables(table, output.width):
        output.show(part)
    for note in table.notes:
        output.show(Text(note, "dim"))
    if file is not None:
        file.write_text(json_format.dumps(figures, indent=2) + "\n", encoding="utf-8")
        output.note(f"wrote {file}")


def figure_tables(table: "Table", width: int) -> Iterator[RichTable]:
    """The table as it is if it fits, else turned, a few of its rows beside each other at a time."""
    grid = [table.columns, *table.rows]
    if _width(_columns_of(grid)) <= width:
        yield _drawn(grid)
        return
    labels, *rows = grid
    beside: list[Sequence[str]] = [labels]
    for row in rows:
        if len(beside) > 1 and _width([*beside, row]) > width:
            yield _drawn(_columns_of(beside))
            beside = [labels]
        beside.append(row)
    yield _drawn(_columns_of(beside))


def _columns_of(rows: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    return list(zip(*rows, strict=True))


def _width(columns: Sequence[Sequence[str]]) -> int:
    first, *others = [max(map(len, column)) for column in columns]
    return min(first, WIDEST_LABEL) + sum(GAP + each for each in others)


def _drawn(grid: Sequence[Sequence[str]]) -> RichTable:
    drawn = RichTable(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for number, title in enumerate(grid[0]):
        most = None if number else WIDEST_LABEL
        drawn.add_column(Text(title), justify="right" if number else "left", max_width=most)
    for row in grid[1:]:
        drawn.add_row(*map(Text, row))
    drawn.add_row()
    return drawn
