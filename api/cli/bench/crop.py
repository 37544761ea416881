"""`skulens bench crop`: crops found in real pictures, and look-alikes refused."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.bench.measurement import SHARED_HELP, JsonFile, Seed, print_result
from api.cli.context import command
from api.cli.output import Output

crop_bench_app = typer.Typer()


@command(
    crop_bench_app,
    "skulens bench crop --shared DIR",
    "skulens bench crop --shared DIR --limit 200 --failures wrong.jpg",
    "skulens bench crop --shared DIR --times",
)
def crop(
    shared: Annotated[Path, typer.Option(metavar="DIR", help=SHARED_HELP)],
    limit: Annotated[
        int, typer.Option(min=10, help="Related pairs; twice as many are unrelated.")
    ] = 2000,
    baselines: Annotated[
        int, typer.Option(min=1, help="Each so many pairs are given to the baselines, too.")
    ] = 10,
    development: Annotated[
        bool, typer.Option("--development", help="Use the half that the method was made on.")
    ] = False,
    failures: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a contact sheet of wrong answers.")
    ] = None,
    times: Annotated[
        bool, typer.Option("--times", help="Time large pairs and one crop among 1,000, instead.")
    ] = False,
    seed: Seed = 0,
    json: JsonFile = None,
) -> None:
    """Where a crop was cut out: beside templates, keypoints and hashes of windows."""
    from bench.crops.locate.failures import draw_failures
    from bench.crops.locate.measure import CropOptions, measure_crops
    from bench.crops.locate.pictures import Half, find_pictures
    from bench.crops.locate.times import TimesOptions, measure_times

    output = Output()
    half = Half.DEVELOPMENT if development else Half.TEST
    with output.stages() as on_stage:
        source = find_pictures(shared, half)
        if times:
            timed = measure_times(source, TimesOptions(seed=seed), on_stage)
            print_result(output, timed.table(), timed.to_json(), json)
            return
        result, wrong = measure_crops(source, CropOptions(limit, baselines, seed), on_stage)
    print_result(output, result.table(), result.to_json(), json)
    if failures is not None:
        from PIL import Image

        Image.fromarray(draw_failures(wrong)).save(failures)
        output.note(f"wrote {failures}")
