"""`skulens train pack`: the picture data, small enough to carry."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.context import command
from api.cli.output import Output
from api.cli.train.options import Data

pack_app = typer.Typer()


@command(pack_app, "skulens train pack --data DIR --out pack --megabytes 60")
def pack(
    data: Data,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="A folder that does not exist yet.")
    ],
    megabytes: Annotated[float, typer.Option(min=0.01, help="At most that much.")] = 60.0,
) -> None:
    """Make a small copy of what may be trained on, to train where a GPU is."""
    from training.data.data_pack import MEGABYTE, write_data_pack
    from training.data.sources import TrainingData

    output = Output()
    with output.working("packing"):
        packed = write_data_pack(TrainingData.open(data), out, megabytes)
    size, fineness = packed.size / MEGABYTE, packed.fineness
    output.show(
        f"{packed.folder}: {packed.pictures} pictures, {size:.1f} MB, "
        f"{100 * fineness.share:.0f} % of full size at JPEG quality {fineness.quality}"
    )
