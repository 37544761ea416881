"""`skulens search`: products by words, by a picture, by attributes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from api.cli.context import FINDING, CatalogName, JsonOption, command
from api.cli.files import read_picture_file
from api.cli.formatting import attribute_text
from api.cli.output import Output, printable
from api.cli.target import open_matcher
from api.schemas.search import search_page_json

if TYPE_CHECKING:
    from catalog.search.facets import Facet
    from catalog.search.search import Hit, SearchResult

search_app = typer.Typer()


@command(
    search_app,
    "skulens search shop --text 'oat milk'",
    "skulens search shop --text shirt --where colour=red --where 'price<=20' --facet brand",
    "skulens search shop --image photo.jpg --limit 5",
    "skulens search shop --image photo.jpg --text unsweetened --json",
    rich_help_panel=FINDING,
)
def search(
    context: typer.Context,
    catalog: CatalogName,
    text: Annotated[str, typer.Option(help="Words of name, description and attributes.")] = "",
    image: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Find what is like it.")
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="K=V", help="Only such products; also !=, <, <=, >, >=. The same K= twice: or."
        ),
    ] = None,
    facet: Annotated[
        list[str] | None, typer.Option(metavar="K", help="Count the values of this attribute.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Products on a page.")] = 20,
    offset: Annotated[int, typer.Option(min=0, help="Products to pass over.")] = 0,
    json: JsonOption = False,
) -> None:
    """Find products by words, by a picture, or by both.

    All words must be found, as they are or as beginnings; a word that is
    nowhere is read as one spelt nearly so. A picture finds products that look
    like it; whether it shows one of them, `identify` tells.
    """
    from catalog.ingest.image_file import ImageFile
    from catalog.search.filters import parse_conditions
    from catalog.search.search import SearchQuery

    output = Output(json=json)
    query = SearchQuery(text, parse_conditions(where or []), tuple(facet or ()), offset, limit)
    look = open_matcher(context, catalog)
    picture = None if image is None else ImageFile(str(image), read_picture_file(image))
    with output.working("searching"):
        result = look.search(query, where or [], picture)
    output.line(search_page_json(catalog, result, offset))
    output.show(_table(result) if result.hits else Text("nothing was found", "dim"))
    for counted in result.facets:
        output.show(_facet_line(counted))
    _say_how(output, result, offset)


def _table(found: "SearchResult") -> Table:
    by_picture = any(hit.similarity is not None for hit in found.hits)
    table = Table("Product", "Name", "Attributes", box=None, pad_edge=False)
    if by_picture:
        table.add_column("Similarity", justify="right")
    for hit in found.hits:
        table.add_row(*_row(hit, by_picture))
    return table


def _row(hit: "Hit", by_picture: bool) -> list[Text]:
    product = hit.product
    attributes = ", ".join(f"{key}={attribute_text(value)}" for key, value in product.attributes)
    cells = [product.product_id, product.name, attributes]
    if by_picture:
        cells.append("" if hit.similarity is None else f"{hit.similarity:.2f}")
    return [Text(printable(cell)) for cell in cells]


def _facet_line(facet: "Facet") -> Text:
    counts = [f"{value.value} ({value.products})" for value in facet.values]
    if facet.others:
        counts.append(f"and {facet.others} more")
    if facet.range is not None:
        counts.insert(0, f"{facet.range.least:g} to {facet.range.greatest:g}")
    text = ", ".join(counts) or "no product found has it"
    return Text.assemble((f"{facet.key}: ", "bold"), printable(text))


def _say_how(output: Output, found: "SearchResult", offset: int) -> None:
    for word, read_as in found.corrections.items():
        output.note(f"{word} was read as {read_as}")
    if not found.complete and found.hits:
        output.note("no product has all the words; these have some")
    if found.total > offset + len(found.hits):
        shown = f"{offset + 1} to {offset + len(found.hits)} of {found.total}"
        output.note(f"products {shown}; see --offset and --limit")
