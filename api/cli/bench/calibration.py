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
    "skulens bench calibration --shared DIR --photos 3 --unknown 60 --clips 200",
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
    clips: Annotated[
        int, typer.Option(min=0, help="Of the photos, filmed and tracked, too; 0 for none.")
    ] = 48,
    seed: Seed = 0,
    json: JsonFile = None,
) -> None:
    """Unknowns called identical after `catalog calibrate`, in photos and on tracks."""
    from api.cli.bench.catalogs import clip_target, temporary_catalog
    from api.models.calibration_data import catalog_samples
    from bench.recognition.calibration import (
        RATES,
        CalibrationOptions,
        fitting_photos,
        measure_calibration,
    )
    from bench.recognition.clips import ClipOptions, measure_clips

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
            filmed = None
            if clips:
                target, few = clip_target(models), ClipOptions(clips, seed)
                filmed = measure_clips(result, target, catalog, few, on_stage)
    if filmed is None:
        print_result(output, result.table(), result.to_json(), json)
        return
    print_result(output, result.table(), {}, None)
    figures = {**result.to_json(), "tracks": filmed.to_json()}
    print_result(output, filmed.table(), figures, json)
