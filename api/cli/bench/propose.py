"""`skulens bench propose`: what is meant in a picture, and both trips of a search by photo."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.bench.measurement import SHARED_HELP, JsonFile, measurement, print_result
from api.cli.context import command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from api.cli.output import OnStage
    from api.services import Services
    from bench.crops.propose.art import ArtPicture
    from bench.table import Figures, Table
    from training.data.sources import LabelledFile

    Measured = tuple[str, Table, Figures]

propose_app = typer.Typer()


@command(
    propose_app,
    "skulens bench propose --shared DIR",
    "skulens bench propose --shared DIR --trips --precision --json figures.json",
    "skulens bench propose --shared DIR --learning-curve --plot curve.png",
)
def propose(
    context: typer.Context,
    shared: Annotated[Path, typer.Option(metavar="DIR", help=SHARED_HELP)],
    trips: Annotated[
        bool, typer.Option("--trips", help="Also time both trips, with a real service.")
    ] = False,
    products: Annotated[int, typer.Option(min=10, help="In its catalog.")] = 10_000,
    requests: Annotated[int, typer.Option(min=10, help="Of --trips.")] = 200,
    precision: Annotated[
        bool, typer.Option("--precision", help="Also float32, bfloat16 and int8; needs NNCF.")
    ] = False,
    learning_curve: Annotated[
        bool, typer.Option("--learning-curve", help="Only that: would more data help?")
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the learning curve there.")
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw every picture's proposals there.")
    ] = None,
    json: JsonFile = None,
) -> None:
    """Boxes and corners of what is meant, beside saliency, the product detector and the whole.

    The pictures of art are those that no head of ours was trained on.
    """
    measured: list[Measured] = []
    with measurement(context) as (output, built, on_stage):
        if learning_curve:
            measured.append(_curve(built, shared, plot, on_stage))
        else:
            measured += _accuracy(built, shared, sheet, on_stage)
        if precision:
            measured.append(_precision(built, shared, on_stage))
        if trips:
            measured.append(_trips(built, shared, products, requests, on_stage))
    figures = {name: result.to_json() for name, _, result in measured}
    for number, (_, table, _) in enumerate(measured, 1):
        print_result(output, table, figures, json if number == len(measured) else None)


def _accuracy(
    built: "Services", shared: Path, sheet: Path | None, on_stage: "OnStage"
) -> "list[Measured]":
    from bench.crops.propose.art import read_painting_corners
    from bench.crops.propose.boxes import measure_boxes
    from bench.crops.propose.corners import measure_corners
    from bench.crops.propose.methods import (
        GeneralDetector,
        OwnProposer,
        SpectralSaliency,
        WholePicture,
    )
    from bench.crops.propose.sheet import draw_sheet

    pictures, proposer = _kept(shared), built.crops.proposer
    detector = GeneralDetector(built.models.networks.detector)
    methods = (OwnProposer(proposer), detector, SpectralSaliency(), WholePicture())
    boxes = measure_boxes(pictures, methods, on_stage)
    sets = (("held-out paintings", read_painting_corners(shared)),)
    corners = measure_corners(sets, proposer, on_stage)
    if sheet is not None:
        draw_sheet(pictures, proposer, sheet)
    return [("boxes", boxes.table(), boxes), ("corners", corners.table(), corners)]


def _precision(built: "Services", shared: Path, on_stage: "OnStage") -> "Measured":
    from bench.crops.propose.art import read_small
    from bench.crops.propose.precision import measure_precisions
    from matcher.networks.weights import read_manifest
    from training.crops.propose.art import read_art_split

    manifest = read_manifest(built.settings.weights)
    learnt = [read_small(file.path)[0] for file in read_art_split(shared).learnt]
    result = measure_precisions(
        manifest.weights("imagenet-efficientnet-lite0"),
        manifest.weights("proposer"),
        learnt,
        _kept(shared),
        built.settings.threads,
        on_stage,
    )
    return "precision", result.table(), result


def _trips(
    built: "Services", shared: Path, products: int, requests: int, on_stage: "OnStage"
) -> "Measured":
    from api.cli.bench.photo_search import time_photo_search

    pictures = [picture.path for picture in _kept(shared)]
    result = time_photo_search(built, pictures, products, requests, on_stage)
    return "trips", result.table(), result


def _curve(built: "Services", shared: Path, plot: Path | None, on_stage: "OnStage") -> "Measured":
    from bench.crops.propose.curve import CurveResult, CurveRun
    from training.crops.propose.curve import SEEDS, SHARES, CurveOptions, draw_curve_points

    features = built.crops.load("imagenet-efficientnet-lite0")
    runs = []
    for point in draw_curve_points(CurveOptions(shared), features):
        run = CurveRun(point.share, point.pictures, point.seed, point.iou50, point.median_iou)
        runs.append(run)
        on_stage("training", len(runs), len(SHARES) * len(SEEDS))
    result = CurveResult(tuple(runs))
    if plot is not None:
        result.draw(plot)
    return "learning_curve", result.table(), result


def _kept(shared: Path) -> "tuple[ArtPicture, ...]":
    """Return the labelled pictures of art that no head was trained on."""
    from training.crops.propose.art import read_art_split

    return _as_art(read_art_split(shared).kept)


def _as_art(files: "Sequence[LabelledFile]") -> "tuple[ArtPicture, ...]":
    from bench.crops.propose.art import ArtPicture

    return tuple(ArtPicture(file.path, file.boxes, file.longest) for file in files)
