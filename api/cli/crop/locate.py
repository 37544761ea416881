"""`skulens crop locate`: is one picture a crop of the other, and where?"""

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from api.cli.context import JsonOption, command, finish, open_services
from api.cli.crop.written import WrittenPictures, write_whole
from api.cli.files import read_picture_file
from api.cli.output import Output, printable
from api.errors import Refused

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
    the other one, and those that are related are named.
    """
    from api.cli.crop.locate_folder import FolderSearch
    from api.schemas.located_crops import located_crop_json
    from matcher.crops.locate import draw_difference

    output = Output(json=json)
    if a.is_dir() != b.is_dir():
        if difference is not None:
            raise Refused("--difference needs two pictures; it cannot be drawn for a folder")
        picture, folder = (b, a) if a.is_dir() else (a, b)
        services = open_services(context)
        cache = services.settings.cache_dir / "crops"
        FolderSearch(services.crops.locator, picture, folder, mirrored, cache).run(output)
        finish(output)
        return
    if difference is not None:
        _check_target(difference, b, force=force)
    one, other = _read(a), _read(b)
    locator = open_services(context).crops.locator
    with output.working("looking"):
        found = locator.locate(one, other, mirrored=mirrored)
    answer = located_crop_json(str(a), str(b), found)
    output.line(answer)
    output.show(Text(printable(answer["sentence"])))
    if difference is not None:
        _write_difference(difference, draw_difference(one, other, found), output)


def _read(path: Path) -> "NDArray[np.uint8]":
    from catalog.ingest.image_file import read_image

    return read_image(read_picture_file(path), str(path))


def _write_difference(path: Path, drawn: "NDArray[np.uint8] | None", output: Output) -> None:
    if drawn is None:
        output.note(f"{path} is not written: neither picture is a crop of the other")
        return
    write_whole(path, _encoded(drawn, path))
    output.note(f"wrote {path}: white where both agree")


def _check_target(path: Path, source: Path, *, force: bool) -> None:
    """Find out before the work whether its result can be kept.

    Raises:
        Refused: the file is there and may not be written over, or its extension is unknown.
    """
    from PIL import Image

    WrittenPictures(force=force).claim(path, source)
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
