"""`skulens bench calibration`: is the rate that is asked for the one that comes out?"""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.bench.measurement import (
    SHARED_HELP,
    JsonFile,
    Seed,
    lay_out_protocol,
    measurement,
    print_result,
)
from api.cli.context import command

PROTOCOL = "open-set"

calibration_app = typer.Typer()


@command(
    calibration_app,
    "skulens bench calibration --shared DIR",
    "skulens bench calibration --shared DIR --false-accept-rate 0.01 --limit 100",
)
def calibration(
    context: typer.Context,
    shared: Annotated[Path, typer.Option(metavar="DIR", help=SHARED_HELP)],
    false_accept_rate: Annotated[
        list[float] | None,
        typer.Option(metavar="R", min=0.0001, max=0.5, help="Several may be given."),
    ] = None,
    photos: Annotated[int, typer.Option(min=1, help="Of each product, to calibrate with.")] = 8,
    unknown: Annotated[int, typer.Option(min=1, help="Of unknowns, to calibrate with.")] = 120,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most that many photos to measure with.")
    ] = None,
    seed: Seed = 0,
    json: JsonFile = None,
) -> None:
    """Unknowns called identical after `catalog calibrate`, beside what was asked for."""
    from api.cli.bench.catalogs import temporary_catalog
    from api.models.calibration_data import catalog_samples
    from bench.recognition.calibration import (
        RATES,
        CalibrationOptions,
        fitting_photos,
        measure_calibration,
    )

    with (
        measurement(context) as (output, built, on_stage),
        lay_out_protocol(PROTOCOL, shared) as dataset,
    ):
        rates = tuple(false_accept_rate or RATES)
        options = CalibrationOptions(rates, photos, unknown, limit, seed)
        models = built.models
        with temporary_catalog(dataset.catalog, models.encoder, on_stage) as catalog:
            result = measure_calibration(
                models.pipeline,
                catalog,
                dataset,
                fitting_photos(shared, dataset, options),
                catalog_samples(catalog, seed).samples,
                options,
                on_stage,
            )
    print_result(output, result.table(), result.to_json(), json)
