"""`skulens train …`: making our own weights; needs the picture data, and hours."""

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from api.cli.context import JsonOption, examples, open_services
from api.cli.output import OnProgress, Output
from api.cli.train.finetune import (
    FinetuningFolders,
    keep_detector,
    keep_embedder,
    run_detector_finetuning,
    run_embedder_finetuning,
)

if TYPE_CHECKING:
    from training.loop.progress import Progress
    from training.loop.trainer import RunOptions

FULL_MINUTES: Final = 45.0
OWN_MINUTES: Final = 10.0
OWN_REPORTS: Final = 60.0
_GPU_BATCHES: Final = 4

train_app = typer.Typer(
    no_args_is_help=True,
    help="Train our own networks.",
    epilog=examples("skulens train embedder --data DIR --out runs/embedder --minutes 45"),
)

Data = Annotated[
    Path, typer.Option("--data", metavar="DIR", help="The picture data, laid out as its README.")
]
Out = Annotated[
    Path, typer.Option("--out", metavar="DIR", help="Where checkpoints, log and curves go.")
]
Minutes = Annotated[float, typer.Option(min=0.01, help="Of training in all, resumed or not.")]
OptionalData = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="The picture data, laid out as its README."),
]
OptionalOut = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="DIR",
        help="Where checkpoints, log and curves go; for a catalog: in the state folder.",
    ),
]
OwnCatalog = Annotated[
    str | None,
    typer.Option("--catalog", metavar="NAME", help="Adapt to its products instead; needs no data."),
]
OptionalMinutes = Annotated[
    float | None,
    typer.Option(
        min=0.01, help="Of training in all, resumed or not; 45, for a catalog 10 if left out."
    ),
]
Backgrounds = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="With --catalog: pictures of places; drawn ones if left out."),
]
Seed = Annotated[int, typer.Option(help="Of all chance.")]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on from the checkpoint in --out, if there is one.")
]
TrainingDevice = Annotated[Literal["cpu", "cuda"], typer.Option(help="Where to train.")]
Workers = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="Processes that draw what is learnt from; none, or with cuda as many as there are "
        "cores less two, if left out.",
    ),
]
Start = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help="With --data: weights to begin with instead of chance, such as the shipped ones.",
    ),
]
Batches = Annotated[
    int | None,
    typer.Option(min=1, help="Usual batches that make one step; 1, or with cuda 4, if left out."),
]


@train_app.command(
    epilog=examples(
        "skulens train detector --data DIR --out runs/detector --minutes 45",
        "skulens train detector --data DIR --out runs/detector --minutes 90 --resume",
        "skulens train detector --catalog shop --minutes 20 --backgrounds photos/",
        "skulens train detector --catalog shop --photos labelled/",
    )
)
def detector(
    context: typer.Context,
    data: OptionalData = None,
    out: OptionalOut = None,
    catalog: OwnCatalog = None,
    minutes: OptionalMinutes = None,
    seed: Seed = 0,
    device: TrainingDevice = "cpu",
    workers: Workers = None,
    batches: Batches = None,
    resume: Resume = False,
    start: Start = None,
    backgrounds: Backgrounds = None,
    photos: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="With --catalog: photos with YOLO boxes to measure on."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Train the detector, which finds what may be a product; or adapt it to your catalog."""
    from training.detector.train import train_detector

    _prepare(context)
    output = Output(json=json)
    options = _options(context, "detector", data, out, catalog, minutes, (seed, device, resume))
    options = _begun_with(
        start, _quickened(options, workers, batches, own=catalog is not None), catalog
    )
    with output.progress("training the detector", "minutes") as advance:

        def report(now: "Progress") -> None:
            _report(output, now, options, advance)

        if catalog is None:
            output.show(str(train_detector(options, report)))
            return
        material = FinetuningFolders(backgrounds, photos)
        adapting = run_detector_finetuning(context, output, catalog, options, report, material)
    keep_detector(output, catalog, options.out, *adapting)


@train_app.command(
    epilog=examples(
        "skulens train embedder --data DIR --out runs/embedder --minutes 45",
        "skulens train embedder --data DIR --out runs/embedder --minutes 90 --resume",
        "skulens train embedder --data DIR --out runs/more --start known.safetensors",
        "skulens train embedder --catalog shop --minutes 10",
        "skulens train embedder --catalog shop --backgrounds photos/ --no-switch",
    )
)
def embedder(
    context: typer.Context,
    data: OptionalData = None,
    out: OptionalOut = None,
    catalog: OwnCatalog = None,
    minutes: OptionalMinutes = None,
    seed: Seed = 0,
    device: TrainingDevice = "cpu",
    workers: Workers = None,
    batches: Batches = None,
    resume: Resume = False,
    start: Start = None,
    backgrounds: Backgrounds = None,
    switch: Annotated[
        bool,
        typer.Option(help="With --catalog: switch it to the result, unless that became worse."),
    ] = True,
    json: JsonOption = False,
) -> None:
    """Train the embedder, which ranks products by likeness; or adapt it to your catalog."""
    from training.embedder.train import train_embedder

    _prepare(context)
    output = Output(json=json)
    options = _options(context, "embedder", data, out, catalog, minutes, (seed, device, resume))
    options = _begun_with(
        start, _quickened(options, workers, batches, own=catalog is not None), catalog
    )
    with output.progress("training the embedder", "minutes") as advance:

        def report(now: "Progress") -> None:
            _report(output, now, options, advance)

        if catalog is None:
            output.show(str(train_embedder(options, report)))
            return
        adapting = run_embedder_finetuning(context, output, catalog, options, report, backgrounds)
    keep_embedder(output, catalog, *adapting, switch=switch)


@train_app.command(
    epilog=examples(
        "skulens train superglue --data DIR --out runs/superglue --minutes 45",
        "skulens train superglue --data DIR --out runs/superglue --width 256 --layers 9",
    )
)
def superglue(
    context: typer.Context,
    data: Data,
    out: Out,
    minutes: Minutes = 45.0,
    seed: Seed = 0,
    device: TrainingDevice = "cpu",
    workers: Workers = None,
    batches: Batches = None,
    resume: Resume = False,
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
    from training.loop.trainer import RunOptions
    from training.superglue.feature_pool import FeaturePoolOptions
    from training.superglue.front_ends import FrontEndChoice, FrontEndKind
    from training.superglue.train import SuperGlueOptions, train_superglue

    _prepare(context)
    output = Output()
    settings = open_services(context).settings
    run = _quickened(RunOptions(data, out, minutes, seed, device, resume), workers, batches)
    options = SuperGlueOptions(
        run,
        FrontEndChoice(FrontEndKind(front_end), settings.weights, settings.cache_dir / "networks"),
        width,
        layers,
        pool or out / "pool",
        FeaturePoolOptions(shards=-(-scenes // FeaturePoolOptions().shard_size), seed=seed),
    )
    with output.progress("training SuperGlue", "minutes") as advance:
        best = train_superglue(options, lambda now: _report(output, now, run, advance))
    output.show(str(best))


@train_app.command(
    epilog=examples(
        "skulens train superpoint --data DIR --out runs/superpoint --minutes 60",
        "skulens train superpoint --data DIR --out runs/superpoint --size published",
    )
)
def superpoint(
    context: typer.Context,
    data: Data,
    out: Out,
    minutes: Minutes = 60.0,
    seed: Seed = 0,
    device: TrainingDevice = "cpu",
    workers: Workers = None,
    batches: Batches = None,
    resume: Resume = False,
    size: Annotated[
        Literal["compact", "published"], typer.Option(help="A tenth of the work, or all of it.")
    ] = "compact",
    pictures: Annotated[int, typer.Option(min=1, help="To learn from, at most.")] = 800,
) -> None:
    """Train SuperPoint, which finds and describes keypoints."""
    from superglue.superpoint import SuperPointSizes
    from training.loop.trainer import RunOptions
    from training.superpoint.train import COMPACT, SuperPointOptions, train_superpoint

    _prepare(context)
    output = Output()
    run = _quickened(RunOptions(data, out, minutes, seed, device, resume), workers, batches)
    sizes = COMPACT if size == "compact" else SuperPointSizes()
    with output.progress("training SuperPoint", "minutes") as advance:
        best = train_superpoint(
            SuperPointOptions(run, sizes, pictures),
            lambda now: _report(output, now, run, advance),
        )
    output.show(str(best))


@train_app.command(
    epilog=examples("skulens train comparator --data DIR --out runs/comparator --minutes 45")
)
def comparator(
    context: typer.Context,
    data: Data,
    out: Out,
    minutes: Minutes = FULL_MINUTES,
    seed: Seed = 0,
    device: TrainingDevice = "cpu",
    workers: Workers = None,
    batches: Batches = None,
    resume: Resume = False,
) -> None:
    """Train the comparator, which tells a photo of a product from one of its near-twin."""
    from training.comparator.train import train_comparator
    from training.loop.trainer import RunOptions
    from training.superglue.front_ends import FrontEndChoice, FrontEndKind

    _prepare(context)
    output = Output()
    settings = open_services(context).settings
    run = _quickened(RunOptions(data, out, minutes, seed, device, resume), workers, batches)
    keypoints = FrontEndChoice(
        FrontEndKind.ROOTSIFT, settings.weights, settings.cache_dir / "networks"
    )
    with output.progress("training the comparator", "minutes") as advance:
        best = train_comparator(
            run, keypoints.open(), lambda now: _report(output, now, run, advance)
        )
    output.show(str(best))


@train_app.command(epilog=examples("skulens train basis --data DIR --out rootsift.safetensors"))
def basis(
    data: Data,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The axes, safetensors.")],
) -> None:
    """Find the axes along which RootSIFT descriptors are kept."""
    from training.data.sources import TrainingData
    from training.decision.rootsift_basis import save_basis, train_basis

    output = Output()
    with output.working("describing pictures"):
        found = train_basis(TrainingData.open(data))
    save_basis(found, out)
    output.show(f"{out}: {found.axes.shape[1]} axes")


@train_app.command(epilog=examples("skulens train colours --data DIR --out colours.safetensors"))
def colours(
    data: Data,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The axes, safetensors.")],
    seed: Annotated[int, typer.Option(help="Of all chance.")] = 0,
) -> None:
    """Find the axes of colour and layout that tell products apart."""
    import numpy as np

    from training.data.sources import TrainingData
    from training.embedder.colour_layout import save_colours, train_colours
    from training.embedder.train import make_sampler

    output = Output()
    out.parent.mkdir(parents=True, exist_ok=True)
    with output.working("looking at views of products"):
        sampler = make_sampler(TrainingData.open(data), out.parent, np.random.default_rng(seed))
        found = train_colours(sampler)
    save_colours(found, out)
    output.show(f"{out}: {found.dimension} axes")


@train_app.command(epilog=examples("skulens train decision --data DIR --out decision.json"))
def decision(
    context: typer.Context,
    data: Data,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The calibration, as JSON.")],
    photos: Annotated[int, typer.Option(min=1, help="At most, of each carton.")] = 12,
) -> None:
    """Calibrate what probability the evidence is worth."""
    from api.cli.bench.catalogs import contest_finder
    from matcher.decision.fit import save_weights
    from training.data.sources import TrainingData
    from training.decision.fit import DecisionOptions, calibration_catalog, train_decision

    opened = TrainingData.open(data)
    output = Output()
    with (
        output.progress("calibrating the decision", "photos") as advance,
        contest_finder(open_services(context), calibration_catalog(opened)) as find,
    ):
        fitted = train_decision(opened, find, DecisionOptions(photos=photos), advance)
    save_weights(fitted, out)
    output.show(f"{out}: {fitted}")


def _options(
    context: typer.Context,
    network: str,
    data: Path | None,
    out: Path | None,
    catalog: str | None,
    minutes: float | None,
    others: tuple[int, str, bool],
) -> "RunOptions":
    """Of a run on the picture data, or on a catalog."""
    from training.loop.trainer import RunOptions

    if (data is None) == (catalog is None):
        raise typer.BadParameter("give either --data DIR or --catalog NAME")
    if catalog is not None:
        out = out or open_services(context).settings.state / "training" / f"{network}-{catalog}"
        return RunOptions(out, out, minutes or OWN_MINUTES, *others, report_seconds=OWN_REPORTS)
    if data is None or out is None:
        raise typer.BadParameter("give --out DIR: where checkpoints, log and curves go")
    return RunOptions(data, out, minutes or FULL_MINUTES, *others)


def _quickened(
    options: "RunOptions", workers: int | None, batches: int | None, *, own: bool = False
) -> "RunOptions":
    """As many drawing processes and as large steps as the device deserves, or as asked for."""
    if own and batches is not None:
        raise typer.BadParameter("--batches is for training on --data: leave it out")
    on_gpu = options.device == "cuda"
    if workers is None:
        workers = max((os.cpu_count() or 1) - 2, 1) if on_gpu else 0
    if batches is None:
        batches = _GPU_BATCHES if on_gpu and not own else 1
    return replace(options, workers=workers, batches=batches)


def _begun_with(start: Path | None, options: "RunOptions", catalog: str | None) -> "RunOptions":
    """With weights to begin with; for a catalog those are the shipped ones anyway."""
    if start is None:
        return options
    if catalog is not None:
        raise typer.BadParameter("--start is for training on --data: leave it out")
    return replace(options, start=start)


def _prepare(context: typer.Context) -> None:
    settings = open_services(context).settings
    if settings.threads:
        import torch

        torch.set_num_threads(settings.threads)


def _report(output: Output, now: "Progress", options: "RunOptions", advance: OnProgress) -> None:
    advance(int(now.minutes), max(int(options.minutes), 1))
    figures = ", ".join(f"{name} {value:.3f}" for name, value in now.figures.items())
    output.note(f"step {now.step}, {now.minutes:.1f} minutes, loss {now.loss:.3f}, {figures}")
