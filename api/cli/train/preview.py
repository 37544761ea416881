"""`skulens train look`: contact sheets of what networks are trained on."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.context import command, open_services
from api.cli.output import Output
from api.cli.train.options import OptionalData, OwnCatalog, Seed

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

preview_app = typer.Typer()


@command(
    preview_app,
    "skulens train look --data DIR --out sheets",
    "skulens train look --catalog shop --out sheets",
)
def look(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the PNGs go.")],
    data: OptionalData = None,
    catalog: OwnCatalog = None,
    seed: Seed = 0,
) -> None:
    """Draw contact sheets of what each network is trained on, as PNG."""
    from training.release.preview import write_sheet

    if (data is None) == (catalog is None):
        raise typer.BadParameter("give either --data DIR or --catalog NAME")
    output = Output()
    with output.working("drawing"):
        for name, page in _sheets(context, data, catalog, out, seed):
            path = out / f"{name}.png"
            write_sheet(page, path)
            output.show(str(path))


def _sheets(
    context: typer.Context, data: Path | None, catalog: str | None, out: Path, seed: int
) -> "Iterator[tuple[str, NDArray[np.uint8]]]":
    from training.data.sources import TrainingData
    from training.release.preview import draw_catalog_sheets, draw_data_sheets
    from training.superglue.front_ends import FrontEndChoice, FrontEndKind

    if data is not None:
        settings = open_services(context).settings
        cache = settings.cache_dir / "networks"
        choice = FrontEndChoice(FrontEndKind("rootsift"), settings.weights, cache)
        return draw_data_sheets(TrainingData.open(data), out, choice, seed)
    material = open_services(context).finetuner(catalog or "").material(seed)
    return draw_catalog_sheets(material.products, material.twins, material.side, seed)
