"""`skulens crop thumbnail`: the most pleasant crop of pictures at wanted aspects."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.table import Table
from rich.text import Text

from api.cli.context import JsonOption, command, finish
from api.cli.crop.pictures import read_query
from api.cli.crop.written import WrittenPictures, check_writable, write_whole
from api.cli.files import list_pictures
from api.cli.formatting import shorten_path
from api.cli.output import Output
from api.cli.target import open_crops
from api.errors import Refused, sentence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from api.remote.crop_answers import CropAnswers
    from client.thumbnail_records import ThumbnailJson, ThumbnailsJson
    from matcher.crops.thumbnail.aspect import Aspect

thumbnail_app = typer.Typer()

_LONGEST_PX: Final = 8192  # side of a thumbnail; a longer one is none
# Pictures that are worked on at once: one is read or written while the networks look at another.
_AT_ONCE: Final = 2
_NAME_WIDTH: Final = 40  # letters of a picture's name in the table


@command(
    thumbnail_app,
    "skulens crop thumbnail photo.jpg --aspect 1:1",
    "skulens crop thumbnail photos/ --aspect 1:1 --aspect 16:9 --out thumbs/",
    "skulens crop thumbnail photos/ --aspect 4:3 --width 320 --out thumbs/ --force",
)
def thumbnail(
    context: typer.Context,
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE...", help="Pictures, or folders of them.")
    ],
    aspect: Annotated[
        list[str], typer.Option(metavar="W:H", help="Width to height; several may be given.")
    ] = ["1:1"],  # noqa: B006 -- typer copies it
    width: Annotated[
        int | None,
        typer.Option(min=1, max=_LONGEST_PX, help="Pixels of the thumbnails; else as cut."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the thumbnails there, as JPEG.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write over thumbnails that are there.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Frame pictures: the most pleasant crop at each aspect.

    Faces are not cut where a crop of that shape can do without, products are
    kept whole where they fit. A picture that cannot be read is named on stderr
    and passed over, and the exit code is 1.
    """
    aspects = _aspects(aspect, width)
    output = Output(json=json)
    if width is not None and out is None:
        output.note("--width says how wide thumbnails are written; add --out to write them")
    paths = list(dict.fromkeys(list_pictures(images)))
    if out is not None:
        _make_folder(out)
    order = _Order(open_crops(context), aspects, width, out, WrittenPictures(paths, force=force))
    heading = True
    with output.progress("framing", "pictures") as advance:
        for done, (path, framed) in enumerate(order.frame_all(paths)):
            heading = not _show(path, framed, output, heading=heading) and heading
            advance(done + 1, len(paths))
    finish(output)


def _aspects(texts: Sequence[str], width: int | None) -> "list[Aspect]":
    from matcher.crops.thumbnail.aspect import Aspect, AspectError, check_height

    try:
        aspects = [Aspect.parse(text) for text in dict.fromkeys(texts)]
    except AspectError as error:
        raise typer.BadParameter(str(error), param_hint="--aspect") from error
    try:
        for wanted in aspects if width is not None else ():
            check_height(wanted, width or 1, _LONGEST_PX)
    except AspectError as error:
        raise typer.BadParameter(str(error), param_hint="--width") from error
    return aspects


class _Order:
    """The wishes that hold for every picture."""

    def __init__(
        self,
        answers: "CropAnswers",
        aspects: "Sequence[Aspect]",
        width: int | None,
        out: Path | None,
        written: WrittenPictures,
    ) -> None:
        self.answers, self.aspects = answers, aspects
        self.width, self.out, self.written = width, out, written

    def frame_all(self, paths: Sequence[Path]) -> "Iterator[tuple[Path, Future[ThumbnailsJson]]]":
        """Yield the pictures in order, each framed or about to be; few are ahead of the last."""
        waiting: deque[tuple[Path, Future[ThumbnailsJson]]] = deque()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for path in paths:
                waiting.append((path, self._begin(pool, path)))
                if len(waiting) > _AT_ONCE:
                    yield waiting.popleft()
            yield from waiting

    def _begin(self, pool: ThreadPoolExecutor, path: Path) -> "Future[ThumbnailsJson]":
        try:
            targets = [self._target(path, aspect) for aspect in self.aspects]
        except Refused as error:
            refused: Future[ThumbnailsJson] = Future()
            refused.set_exception(error)
            return refused
        return pool.submit(self._frame, path, targets)

    def _frame(self, path: Path, targets: Sequence[Path | None]) -> "ThumbnailsJson":
        """Read a picture, frame it, and write its thumbnails.

        Raises:
            PictureError: it is no picture, or damaged.
            Refused: it cannot be read, or a thumbnail cannot be written.
        """
        picture = read_query(path)
        answer = self.answers.thumbnails(picture, self.aspects)
        for framed, target in zip(answer["thumbnails"], targets, strict=True):
            if target is not None:
                cut = _cut(picture.image, framed, self.width)
                write_whole(target, cut, force=self.written.force)
        return answer

    def _target(self, path: Path, aspect: "Aspect") -> Path | None:
        """Return where a thumbnail goes.

        Raises:
            Refused: there is one already, maybe of this run.
        """
        if self.out is None:
            return None
        target = self.out / f"{path.stem}-{aspect.name.replace(':', 'x')}.jpg"
        return self.written.claim(target, path)


def _show(path: Path, framed: "Future[ThumbnailsJson]", output: Output, *, heading: bool) -> bool:
    """Show a picture's crops once it is framed, or say why it is passed over and return False."""
    from catalog.errors import PictureError

    try:
        answer = framed.result()
    except (Refused, PictureError) as error:
        output.refuse(sentence(error))
        return False
    output.line(answer)
    output.show(_table(path, answer, heading=heading))
    return True


def _cut(image: "NDArray[np.uint8]", framed: "ThumbnailJson", width: int | None) -> bytes:
    from api.drawing.thumbnail import cut_thumbnail, encode_jpeg
    from matcher.imaging.box import Box

    return encode_jpeg(cut_thumbnail(image, Box(*framed["box"]), width))


def _make_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise Refused(f"{folder} is a file, not a folder; name another --out.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(f"cannot make the folder {folder}: {error.strerror}.") from error
    check_writable(folder)


def _table(path: Path, answer: "ThumbnailsJson", *, heading: bool) -> Table:
    """One picture's rows, of the same widths for every picture so that they read as one table."""
    table = Table(box=None, pad_edge=False, show_header=heading, padding=(0, 2, 0, 0))
    table.add_column("Picture", width=_NAME_WIDTH, no_wrap=True, overflow="ellipsis")
    table.add_column("Aspect", width=6)
    table.add_column("Box", width=24, no_wrap=True)
    table.add_column("Because it")
    name = Text(shorten_path(str(path), _NAME_WIDTH))
    for framed in answer["thumbnails"]:
        left, top, right, bottom = framed["box"]
        corners = f"{left:.0f},{top:.0f} to {right:.0f},{bottom:.0f}"
        table.add_row(
            name, Text(framed["aspect"]), Text(corners), Text(", ".join(framed["reasons"]))
        )
        name = Text("")
    return table
