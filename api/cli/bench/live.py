"""`skulens bench live`: cameras over the network, matched in real time, under load."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Final

import typer

from api.cli.bench.measurement import JsonFile, Seed, measurement, print_result
from api.cli.context import command

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from api.cli.output import OnStage

SHOWN: Final = ("tarn-bergamot", "kornik-sea-salt", "pastello-penne", "oatbound-strawberry")

live_app = typer.Typer()


@command(
    live_app,
    "skulens bench live",
    "skulens bench live --sources 4 --minutes 5 --json figures.json",
    "skulens bench live --fps 30 --budget 3 --minutes 30 --no-baseline",
)
def live(
    context: typer.Context,
    sources: Annotated[int, typer.Option(min=1, max=64, help="Cameras at once.")] = 1,
    fps: Annotated[float, typer.Option(min=1, max=120, help="Of each camera.")] = 25.0,
    minutes: Annotated[float, typer.Option(min=0.1, help="Of measuring.")] = 1.0,
    budget: Annotated[
        float | None,
        typer.Option(min=0.1, help="Frames per second that the engine may take, of all cameras."),
    ] = None,
    width: Annotated[int, typer.Option(min=640, max=3840, help="Of the picture.")] = 1280,
    baseline: Annotated[
        bool, typer.Option(help="Also measure with one lane, for twenty seconds.")
    ] = True,
    seed: Seed = 0,
    json: JsonFile = None,
) -> None:
    """Live cameras: frames per second, their age, drops, memory, and time to a product's name.

    Four products of a rendered catalog come before every camera, stay and go, over and over. The
    pictures come over HTTP from a process on this machine; the time is burnt into them.
    """
    from api.cli.bench.catalogs import temporary_catalog
    from bench.live.live import LiveTarget, measure_live
    from bench.live.result import LiveOptions
    from bench.live.scene import SceneSize

    size = SceneSize(width, width * 9 // 16, fps)
    options = LiveOptions(sources, size, minutes, budget, baseline, seed)
    with measurement(context) as (output, built, on_stage), TemporaryDirectory() as folder:
        shown = _shop(Path(folder), on_stage)
        with temporary_catalog(Path(folder), built.models.encoder, on_stage) as catalog:
            target = LiveTarget(built.finder, catalog, shown)
            result = measure_live(options, target, on_stage)
    print_result(output, result.table(), result.to_json(), json)


def _shop(folder: Path, on_stage: "OnStage") -> "dict[str, NDArray[np.uint8]]":
    """The catalog's pictures, and other photographs of the products to be shown."""
    from api.demo.render import SEED
    from training.render.shop import draw_studio_picture, make_products, write_pictures

    on_stage("printing packages", 0, None)
    products = make_products(SEED)
    write_pictures(folder, products, lambda done, all_: on_stage("taking pictures", done, all_))
    turned = {product.product_id: product for product in products if product.product_id in SHOWN}
    return {name: draw_studio_picture(turned[name].solid, 0.12, 0.06) for name in SHOWN}
