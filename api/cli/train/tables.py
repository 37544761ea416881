"""`skulens train basis|keypoint-codebook|colours|features|decision|…`: tables, in minutes."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.context import command, open_services
from api.cli.output import Output
from api.cli.train.options import Data, Seed

tables_app = typer.Typer()

Axes = Annotated[Path, typer.Option("--out", metavar="FILE", help="The axes, safetensors.")]


@command(tables_app, "skulens train basis --data DIR --out rootsift.safetensors")
def basis(data: Data, out: Axes) -> None:
    """Find the axes along which RootSIFT descriptors are kept."""
    from training.data.sources import TrainingData
    from training.decision.rootsift_basis import save_basis, train_basis

    output = Output()
    with output.working("describing pictures"):
        found = train_basis(TrainingData.open(data))
    save_basis(found, out)
    output.show(f"{out}: {found.axes.shape[1]} axes")


@command(
    tables_app, "skulens train keypoint-codebook --data DIR --out keypoint-codebook.safetensors"
)
def keypoint_codebook(
    context: typer.Context,
    data: Data,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="The words and codes, safetensors.")
    ],
    seed: Seed = 0,
) -> None:
    """Find the words and codes by which RootSIFT keypoints vote in a whole catalog."""
    from matcher.keypoints.codebook import save_codebook
    from training.data.sources import TrainingData
    from training.decision.keypoint_codebook import train_codebook
    from training.superglue.front_ends import FrontEndChoice, FrontEndKind

    settings, output = open_services(context).settings, Output()
    front_end = FrontEndChoice(FrontEndKind.ROOTSIFT, settings.weights, settings.cache_dir).open()
    with output.progress("describing pictures", "pictures") as advance:
        found = train_codebook(TrainingData.open(data), front_end, seed, advance)
    save_codebook(found, out)
    output.show(f"{out}: {found.word_count:,} words")


@command(tables_app, "skulens train colours --data DIR --out colours.safetensors")
def colours(data: Data, out: Axes, seed: Seed = 0) -> None:
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


@command(tables_app, "skulens train features --data DIR --out feature-axes.safetensors")
def features(context: typer.Context, data: Data, out: Axes) -> None:
    """Find the axes of ImageNet's features that tell products apart."""
    from training.data.sources import TrainingData
    from training.embedder.image_features import save_features, train_features

    services, output = open_services(context), Output()
    network = services.crops.load("imagenet-efficientnet-lite0")
    with output.progress("looking at photos", "products") as advance:
        found = train_features(TrainingData.open(data), network, advance)
    save_features(found, out)
    output.show(f"{out}: {found.dimension} axes")


@command(tables_app, "skulens train decision --data DIR --out decision.json")
def decision(
    context: typer.Context,
    data: Data,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The calibration, as JSON.")],
    photos: Annotated[int, typer.Option(min=1, help="At most, of each carton.")] = 12,
    seed: Seed = 0,
) -> None:
    """Calibrate what probability the evidence is worth."""
    from api.cli.bench.catalogs import contest_finder
    from matcher.decision.fit import save_weights
    from training.data.sources import TrainingData
    from training.decision.fit import train_decision
    from training.decision.material import gather_material

    output = Output()
    with output.working("drawing photos"):
        material = gather_material(TrainingData.open(data), photos, seed)
    with (
        output.progress("calibrating the decision", "photos") as advance,
        contest_finder(open_services(context), material.references) as find,
    ):
        fitted = train_decision(material, find, advance)
    save_weights(fitted, out)
    output.show(f"{out}: {fitted}")


@command(tables_app, "skulens train tracks --data DIR --decision decision.json --out decision.json")
def tracks(
    context: typer.Context,
    data: Data,
    decision: Annotated[
        Path, typer.Option(metavar="FILE", help="The calibration of photos, as JSON.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The same with tracks'.")],
    photos: Annotated[int, typer.Option(min=1, help="At most, of each carton and print.")] = 4,
    seed: Seed = 0,
) -> None:
    """Calibrate tracks, so that one threshold rules photos and videos."""
    from dataclasses import replace

    from api.cli.bench.catalogs import picture_catalog
    from api.models.loading import IDENTICAL_FROM, build_stages
    from matcher.decision.decision import Decision
    from matcher.decision.fit import read_weights, save_weights
    from matcher.pipeline import Pipeline
    from matcher.video.remembered import StageMemory, remember
    from training.data.sources import TrainingData
    from training.decision.tracks.fit import fit_tracks, held_out_rates
    from training.decision.tracks.material import gather_unknowns
    from training.decision.tracks.observe import TrackObserver

    output, memory, pictures = Output(), StageMemory(), TrainingData.open(data)
    weights = replace(read_weights(decision), track_scale=1.0, track_offset=0.0)
    models = open_services(context).models
    stages = build_stages(models.networks, Decision(weights, IDENTICAL_FROM))
    with output.working("drawing photos"):
        material = gather_unknowns(pictures, photos, seed)
    with (
        output.progress("calibrating tracks", "photos") as advance,
        picture_catalog(models.encoder, material.references) as catalog,
    ):
        judge = Pipeline(remember(stages, memory))
        answers = TrackObserver(judge, memory, catalog, seed).observe(material, advance)
    fitted = fit_tracks(answers)
    save_weights(replace(weights, track_scale=fitted.scale, track_offset=fitted.offset), out)
    for rates in held_out_rates(answers):
        output.note(
            f"from {rates.threshold} on, of unknowns held out: photos {rates.photos:.3f}, "
            f"clips {rates.clips:.3f}"
        )
    output.show(f"{out}: scale {fitted.scale:.3f}, offset {fitted.offset:.2f}")


@command(tables_app, "skulens train framing --data DIR --out framing.safetensors")
def framing(
    context: typer.Context,
    data: Data,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="The ranker of thumbnails, safetensors.")
    ],
    seed: Seed = 0,
) -> None:
    """Train what ranks thumbnails, on photos as they were framed; no labels are needed."""
    import torch

    from training.crops.framing.train import save_framing, train_framing
    from training.data.sources import TrainingData

    services, output = open_services(context), Output()
    torch.set_num_threads(max(services.settings.threads, 1))
    network = services.crops.load("imagenet-efficientnet-lite0")
    with output.progress("looking at pictures", "pictures") as advance:
        trained = train_framing(TrainingData.open(data), network, seed, advance)
    save_framing(trained.weights, out)
    figures = ", ".join(f"{name} {value:g}" for name, value in trained.figures.items())
    output.show(f"{out}: {figures}")
