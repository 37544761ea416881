"""`skulens bench detector|retrieval|ablation`: the parts of the method, apart."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, Final

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

if TYPE_CHECKING:
    from bench.recognition.dataset import Dataset

parts_app = typer.Typer()

ABLATION_DISTRACTORS: Final = 500  # every part is exchanged, and some encode all of them anew


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
    "skulens bench ablation --protocol many-things --shared DIR --seeds 3 --limit 60",
    "skulens bench ablation --clip --part words --shared DIR",
    "skulens bench ablation --data DIR --json figures.json",
)
def ablation(
    context: typer.Context,
    data: RecognitionData = None,
    protocol: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Lay such data out from --shared instead; repeatable."),
    ] = None,
    shared: Annotated[Path | None, typer.Option(metavar="DIR", help=SHARED_HELP)] = None,
    clip: Annotated[bool, typer.Option("--clip", help="Match the film of drinks, too.")] = False,
    part: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Exchange this part only; repeatable."),
    ] = None,
    distractors: Annotated[
        int, typer.Option(min=0, help="Of many-things: products that no photo shows.")
    ] = ABLATION_DISTRACTORS,
    limit: Annotated[int | None, typer.Option(min=1, help="At most that many photos.")] = None,
    seeds: Annotated[
        int, typer.Option(min=1, help="Times to measure, photos and references drawn anew.")
    ] = 1,
    seed: Seed = 0,
    json: JsonFile = None,
) -> None:
    """Recognition with one trained part at a time exchanged for one without training."""
    from api.cli.bench.labelled import soda_options
    from api.cli.bench.variants import chosen_variants, variants
    from bench.ablation.ablation import AblationOptions, AblationResult, measure_ablation
    from bench.ablation.clip import measure_clip
    from bench.ablation.series import AblationSeries
    from bench.recognition.protocols import ProtocolOptions

    if clip and shared is None:
        raise typer.BadParameter("--clip needs --shared DIR")
    protocols: list[str | None] = [*(protocol or ())]
    if data is not None or not (protocols or clip):
        protocols = [None if data else "one-reference", *protocols]
    figures: dict[str, Any] = {}
    with measurement(context) as (output, built, on_stage), ExitStack() as stack:

        def laid_out(name: str | None, draw: int, own: ExitStack) -> "Dataset":
            options = ProtocolOptions(draw=draw, distractors=distractors)
            return open_dataset(data if name is None else None, name, shared, own, options)

        def measure(name: str | None, draw: int) -> AblationResult:
            with ExitStack() as own:
                options = AblationOptions(limit, draw)
                return measure_ablation(laid_out(name, draw, own), tried, options, on_stage)

        for name in protocols:  # what is missing is said before the networks are loaded
            with ExitStack() as own:
                laid_out(name, seed, own)
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="skulens-")))
        film = soda_options(shared, folder) if clip and shared is not None else None
        tried = chosen_variants(variants(built, stack, on_stage), part or ())
        for name in protocols:
            series = AblationSeries(tuple(measure(name, seed + more) for more in range(seeds)))
            figures[name or "data"] = series.to_json()
            print_result(output, series.table(), figures, json)
        if film is not None:
            watched = measure_clip(film, tried, on_stage)
            figures["clip"] = watched.to_json()
            print_result(output, watched.table(), figures, json)
