"""`skulens crop locate`: is one picture a crop of the other, and where?"""

import os
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from api.cli.context import JsonOption, command, finish
from api.cli.crop.pictures import read_query
from api.cli.crop.written import WrittenPictures, check_writable, write_whole
from api.cli.output import Output, printable
from api.cli.target import open_crops
from api.errors import Refused
from api.settings import load_settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

locate_app = typer.Typer()


@command(
    locate_app,
    "skulens crop locate full.jpg part.jpg",
    "skulens crop locate full.jpg part.jpg --difference difference.png --json",
    "skulens crop locate part.jpg photos/",
)
def locate(
    context: typer.Context,
    a: Annotated[Path, typer.Argument(metavar="A", help="A picture.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Another picture, or a folder of them.")],
    mirrored: Annotated[
        bool, typer.Option("--mirrored", help="A mirror image counts, too.")
    ] = False,
    difference: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a picture of what differs, if one is a crop."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write over the picture of --difference.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Say whether one picture is a crop of the other, and where it was cut out.

    The order does not matter. Compression, scale, colours, small overlays and
    borders do not, either. With a folder, every picture in it is compared with
    the other one, and those that are related are named. A service compares
    pictures; which of a folder are worth it is found out here.
    """
    from api.cli.crop.locate_folder import FolderSearch

    output = Output(json=json)
    if a.is_dir() != b.is_dir():
        if difference is not None:
            raise Refused("--difference needs two pictures; it cannot be drawn for a folder")
        picture, folder = (b, a) if a.is_dir() else (a, b)
        cache = load_settings(os.environ).cache_dir / "crops"
        FolderSearch(open_crops(context), picture, folder, mirrored, cache).run(output)
        finish(output)
        return
    if difference is not None:
        _check_target(difference, (a, b), force=force)
    one, other = read_query(a), read_query(b)
    answers = open_crops(context)
    with output.working("looking"):
        pair = answers.locate(one, other, mirrored=mirrored, difference=difference is not None)
    output.line(pair.answer)
    output.show(Text(printable(pair.answer["sentence"])))
    if difference is not None:
        _write_difference(difference, pair.difference, output, force=force)


def _write_difference(
    path: Path, drawn: "NDArray[np.uint8] | None", output: Output, *, force: bool
) -> None:
    if drawn is None:
        output.note(f"{path} is not written: neither picture is a crop of the other")
        return
    write_whole(path, _encoded(drawn, path), force=force)
    output.note(f"wrote {path}: white where both agree")


def _check_target(path: Path, pictures: Sequence[Path], *, force: bool) -> None:
    """Find out before the work whether its result can be kept.

    Raises:
        Refused: the file is there and may not be written over, or is one of the pictures, its
            folder cannot be written to, or its extension is unknown.
    """
    from PIL import Image

    WrittenPictures(pictures, force=force).claim(path, pictures[-1])
    check_writable(path.parent)
    if Image.registered_extensions().get(path.suffix.lower()) not in Image.SAVE:
        raise Refused(f"{path} needs the extension of a picture, such as .png")


def _encoded(drawn: "NDArray[np.uint8]", path: Path) -> bytes:
    from PIL import Image

    file = BytesIO()
    try:
        Image.fromarray(drawn).save(file, Image.registered_extensions()[path.suffix.lower()])
    except (ValueError, OSError, KeyError) as error:
        raise Refused(f"{path} needs the extension of a picture, such as .png") from error
    return file.getvalue()
