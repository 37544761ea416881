"""`skulens product outline`: what is kept of a reference picture, shown and chosen."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from api.cli.context import CatalogName, JsonOption
from api.cli.output import Output
from api.cli.target import open_catalogs
from api.schemas.kept import kept_json
from api.schemas.results import change_json

if TYPE_CHECKING:
    from catalog.ingest.outline import KeptImage
    from catalog.records.kept import KeptChoice
    from catalog.records.product import Product

Whole = Annotated[
    bool, typer.Option("--whole", help="All of the picture is product: a cover, a label.")
]
Outline = Annotated[
    str | None,
    typer.Option(
        metavar="CORNERS",
        help="Only what lies in 'x,y x,y x,y x,y', in pixels of the upright picture, is product.",
    ),
]
IfRevision = Annotated[
    int | None, typer.Option(metavar="N", help="Only if the product has this revision.")
]


def outline(
    context: typer.Context,
    catalog: CatalogName,
    product_id: Annotated[str, typer.Argument(metavar="PRODUCT_ID", help="Whose pictures.")],
    image: Annotated[
        str | None,
        typer.Argument(metavar="[IMAGE_ID]", help="As `product show` lists it; all if left out."),
    ] = None,
    whole: Whole = False,
    outline: Outline = None,
    automatic: Annotated[
        bool, typer.Option("--automatic", help="Find out again what is product, as at first.")
    ] = False,
    if_revision: IfRevision = None,
    json: JsonOption = False,
) -> None:
    """Show what is kept of a product's pictures, or choose it for one of them.

    The rest of a picture is background and matches nothing. A choice is encoded
    at once, and stays when the catalog is encoded by other networks.
    """
    output = Output(json=json)
    store = open_catalogs(context).open(catalog)
    chosen = whole or automatic or outline is not None
    if whole + automatic + (outline is not None) > 1:
        raise typer.BadParameter("give one of --whole, --outline and --automatic")
    if chosen and image is None:
        raise typer.BadParameter("name the picture that it is for; see: skulens product show")
    if not chosen or image is None:
        meant = None if image is None else find_images(store.product(product_id), [image])[0]
        all_kept = store.kept(product_id)
        show_kept(output, [kept for kept in all_kept if meant in (None, kept.image_id)])
        return
    image_id = find_images(store.product(product_id), [image])[0]
    choice = None if automatic else choice_of(whole=whole, outline=outline)
    with output.working("reading the picture"):
        change = store.choose_kept(product_id, image_id, choice, if_revision=if_revision)
    output.line(change_json(catalog, change.index_version, change.product, change.kept))
    show_kept(output, change.kept, lines=False)
    for note in (*change.notes, *(issue.sentence for issue in change.issues)):
        output.note(note)


def show_kept(output: Output, several: "Sequence[KeptImage]", *, lines: bool = True) -> None:
    """Print one line for each picture."""
    for kept in several:
        if lines:
            output.line(kept_json(kept))
        output.show(Text(kept.sentence))


def choice_of(*, whole: bool, outline: str | None) -> "KeptChoice | None":
    """Return what the two options ask for; None where neither is given.

    Raises:
        typer.BadParameter: both are given, or the corners cannot be read.
    """
    if not whole and outline is None:
        return None
    from catalog.errors import Invalid
    from catalog.ingest.outline import read_choice

    if whole and outline is not None:
        raise typer.BadParameter("give --whole or --outline")
    try:
        return read_choice("whole" if outline is None else outline)
    except Invalid as error:
        raise typer.BadParameter(str(error), param_hint="--outline") from error


def find_images(product: "Product", beginnings: Sequence[str]) -> list[str]:
    """Full ids of pictures from their beginnings; what means none or several is left as it is."""
    full: list[str] = []
    for given in beginnings:
        meant = [image.image_id for image in product.images if image.image_id.startswith(given)]
        full.append(meant[0] if len(meant) == 1 else given)
    return full
