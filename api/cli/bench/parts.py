"""`skulens bench detector|retrieval|ablation`: the parts of the method, apart."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated

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

parts_app = typer.Typer()


@command(
    parts_app,
    "skulens bench detector --shared DIR",
    "skulens bench detector --shared DIR --limit 50 --json figures.json",
)
def detector(
    context: typer.Context,
    shared: Annotated[Path, typer.Option(metavar="DIR", help=SHARED_HELP)],
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most that many pictures of each set.")
    ] = None,
    seed: Seed = 0,
    json: JsonFile = None,
) -> None:
    """Boxes on pictures that were not trained on, beside proposals without training."""
    from api.cli.bench.labelled import detectors_under_test, labelled_sets
    from bench.detection.detector import DetectorOptions, measure_detector

    with measurement(context) as (output, built, on_stage):
        on_stage("locating cartons", 0, None)
        sets = labelled_sets(shared, built.settings.cache_dir / "bench")
        detectors = detectors_under_test(built.models.networks.detector)
        options = DetectorOptions(limit, seed)
        result = measure_detector(detectors, sets, options, on_stage)
    print_result(output, result.table(), result.to_json(), json)


@command(
    parts_app,
    "skulens bench retrieval --shared DIR",
    "skulens bench retrieval --shared DIR --limit 60 --distractors 500",
)
def retrieval(
    context: typer.Context,
    shared: Annotated[Path, typer.Option(metavar="DIR", help=SHARED_HELP)],
    limit: Annotated[int | None, typer.Option(min=1, help="At most that many photos.")] = None,
    distractors: Annotated[
        int, typer.Option(min=0, help="Pictures of clothes in the catalog, too; enrolled once.")
    ] = 2500,
    seed: Seed = 0,
    json: JsonFile = None,
) -> None:
    """Is the right product in the shortlist? Beside colours and gradients, and votes alone."""
    from api.cli.bench.variants import searched_catalogs
    from bench.retrieval.retrieval import RetrievalOptions, measure_retrieval

    with measurement(context) as (output, built, on_stage), ExitStack() as stack:
        dataset = stack.enter_context(lay_out_protocol("one-reference", shared))
        known = tuple(query for query in dataset.queries if query.truth is not None)
        queries = replace(dataset, queries=known).subset(limit, seed).queries
        catalogs, looker = searched_catalogs(built, shared, distractors, on_stage)
        options = RetrievalOptions(seed)
        result = measure_retrieval(queries, catalogs, looker, options, on_stage)
    print_result(output, result.table(), result.to_json(), json)


@command(
    parts_app,
    "skulens bench ablation --shared DIR --limit 100",
    "skulens bench ablation --data DIR --json figures.json",
)
def ablation(
    context: typer.Context,
    data: RecognitionData = None,
    protocol: Annotated[
        str, typer.Option(metavar="NAME", help="Lay such data out from --shared instead.")
    ] = "one-reference",
    shared: Annotated[Path | None, typer.Option(metavar="DIR", help=SHARED_HELP)] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most that many photos.")] = None,
    seed: Seed = 0,
    json: JsonFile = None,
) -> None:
    """Recognition with one trained part at a time exchanged for one without training."""
    from api.cli.bench.variants import variants
    from bench.recognition.ablation import AblationOptions, measure_ablation

    with measurement(context) as (output, built, on_stage), ExitStack() as stack:
        dataset = open_dataset(data, None if data else protocol, shared, stack)
        options = AblationOptions(limit, seed)
        result = measure_ablation(dataset, variants(built, stack, on_stage), options, on_stage)
    print_result(output, result.table(), result.to_json(), json)
