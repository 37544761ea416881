"""`skulens bench detector`: a part of the method by itself."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.bench import SHARED_HELP, JsonFile, Seed, answer, bench_app, measuring
from api.cli.invocation import examples


@bench_app.command(
    epilog=examples(
        "skulens bench detector --shared DIR",
        "skulens bench detector --shared DIR --limit 50 --json figures.json",
    )
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
    from api.labelled import detectors_under_test, labelled_sets
    from bench.detector import DetectorOptions, measure_detector

    with measuring(context) as (output, built, on_stage):
        on_stage("locating cartons", 0, None)
        sets = labelled_sets(shared, built.settings.cache_dir / "bench")
        detectors = detectors_under_test(built.models.networks.detector)
        options = DetectorOptions(limit, seed)
        result = measure_detector(detectors, sets, options, on_stage)
    answer(output, result.table(), result.to_json(), json)
