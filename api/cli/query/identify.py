"""`skulens identify`: what is in a photo."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.table import Table
from rich.text import Text

from api.cli.context import FINDING, CatalogName, JsonOption, command, finish
from api.cli.files import read_picture_file
from api.cli.formatting import product_text, shorten_path, verdict_text
from api.cli.output import Output
from api.cli.target import open_matcher
from api.errors import Refused, sentence
from api.schemas.results import identification_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api.remote.protocols import CatalogMatcher
    from catalog.records.product import Product
    from matcher.results import Identification, Match

identify_app = typer.Typer()

# Columns that the picture's and the product's name share get what the others leave.
FIGURES_WIDTH: Final = 11 + 11 + 5 + 4 * 2
WIDEST_NAMES: Final = 100  # letters of both names; wider rows are hard to follow


@command(
    identify_app,
    "skulens identify shop photo.jpg",
    "skulens identify shop photos/*.jpg --json > answers.jsonl",
    "skulens identify shop crop.png --whole-image",
    rich_help_panel=FINDING,
)
def identify(
    context: typer.Context,
    catalog: CatalogName,
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE", help="Photos to look at.")],
    whole_image: Annotated[
        bool,
        typer.Option("--whole-image", help="Each photo shows one product and little else."),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Find the catalog's products in photos.

    A photo that cannot be read is named on stderr; the others are still
    answered, and the exit code is 1.
    """
    output = Output(json=json)
    look = open_matcher(context, catalog)
    with output.working("loading the networks"):
        look.get_ready()
    with output.progress("identifying", "photos") as advance:
        for done, path in enumerate(images):
            advance(done, len(images))
            answer = _identified(look, path, whole_image, output)
            if answer is not None:
                output.line(identification_json(str(path), answer))
                output.show(answer_table(path, answer, look.products, output, heading=done == 0))
    finish(output)


def _identified(
    look: "CatalogMatcher", path: Path, whole_image: bool, output: Output
) -> "Identification | None":
    """The answer, or None after saying why there is none."""
    from catalog.errors import PictureError
    from catalog.ingest.image_file import ImageFile

    try:
        picture = ImageFile(str(path), read_picture_file(path))
        return look.identify(picture, whole_image=whole_image)
    except (Refused, PictureError) as error:
        output.refuse(sentence(error))
        return None


def answer_table(
    path: Path,
    answer: "Identification",
    products: "Mapping[str, Product]",
    output: Output,
    *,
    heading: bool,
) -> Table:
    """One photo's rows, of the same widths for every photo so that they read as one table."""
    table = Table(box=None, pad_edge=False, show_header=heading, padding=(0, 2, 0, 0))
    names = min(output.console.width - FIGURES_WIDTH, WIDEST_NAMES)
    widths = (names * 2 // 5, 11, names - names * 2 // 5, 11, 5)
    titles = ("Photo", "Verdict", "Product", "Probability", "Pairs")
    for title, width in zip(titles, widths, strict=True):
        table.add_column(title, width=width, no_wrap=True, overflow="ellipsis")
    for column in table.columns[3:]:
        column.justify = "right"
    named = [match for match in answer.matches if match.verdict != "unknown"]
    photo = Text(shorten_path(str(path), names * 2 // 5))
    for match in named or answer.matches[:1]:
        table.add_row(photo, *_row(match, products))
        photo = Text("")
    if not answer.matches:
        table.add_row(photo, Text("nothing in view", "dim"))
    return table


def _row(match: "Match", products: "Mapping[str, Product]") -> tuple[Text, ...]:
    pairs = match.verification.inliers if match.verification else 0
    if match.verdict == "unknown":
        return verdict_text(match.verdict), Text("nothing of this catalog", "dim")
    return (
        verdict_text(match.verdict),
        product_text(match.product_id, products),
        Text(f"{100 * match.probability:.1f} %"),
        Text(str(pairs)),
    )
