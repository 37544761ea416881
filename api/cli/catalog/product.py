"""`skulens product …`: one catalog product at a time."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from api.cli.catalog.outline import (
    IfRevision,
    Outline,
    Whole,
    choice_of,
    find_images,
    show_kept,
)
from api.cli.catalog.outline import outline as outline_command
from api.cli.context import CatalogName, JsonOption, command, examples
from api.cli.files import read_pictures
from api.cli.formatting import attribute_text
from api.cli.output import Output
from api.cli.target import open_catalogs
from api.schemas.results import change_json, product_json

if TYPE_CHECKING:
    from catalog.records.product import AttributeValue, Product
    from catalog.store import ChangeResult

product_app = typer.Typer(
    no_args_is_help=True,
    help="Add, change, list, show, remove and restore products.",
    epilog=examples(
        "skulens product add shop oat-milk front.jpg side.jpg --name 'Oat milk'",
        "skulens product list shop",
    ),
)

ProductId = Annotated[
    str,
    typer.Argument(
        metavar="PRODUCT_ID",
        help="Letters, digits, dot, underscore and hyphen, starting with a letter or digit.",
    ),
]


@command(
    product_app,
    "skulens product add shop oat-milk front.jpg side.jpg",
    "skulens product add shop oat-milk front.jpg --name 'Oat milk' --attribute price=1.99 "
    "--attribute tag=vegan --attribute tag=drink",
    "skulens product add shop oat-milk back.jpg --to-existing",
    "skulens product add films arrival cover.jpg --whole",
)
def add(
    context: typer.Context,
    catalog: CatalogName,
    product_id: ProductId,
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE", help="Reference pictures.")],
    name: Annotated[str | None, typer.Option(help="Name for people; the id when left out.")] = None,
    description: Annotated[str, typer.Option(help="Free text.")] = "",
    attribute: Annotated[
        list[str] | None,
        typer.Option(
            metavar="K=V", help="A property; a number stays one, the same K again makes a list."
        ),
    ] = None,
    to_existing: Annotated[
        bool, typer.Option("--to-existing", help="Add the pictures to a product that is there.")
    ] = False,
    whole: Whole = False,
    outline: Outline = None,
    json: JsonOption = False,
) -> None:
    """Add a product, or more pictures of one."""
    output = Output(json=json)
    if to_existing and (name is not None or description or attribute):
        raise typer.BadParameter("--to-existing adds pictures only; the rest stays as it is")
    attributes = parse_attributes(attribute or [])
    pictures = read_pictures(images, choice_of(whole=whole, outline=outline))
    store = open_catalogs(context).open(catalog)
    with output.working("reading the pictures"):
        if to_existing:
            change = store.add_images(product_id, pictures)
        else:
            change = store.add_product(
                product_id,
                pictures,
                name=name,
                description=description,
                attributes=attributes,
            )
    images_now = len(change.product.images)
    _answer(output, catalog, change, f"{product_id} has {_count(images_now)} now")


@command(
    product_app,
    "skulens product update shop oat-milk --name 'Oat milk 1 l'",
    "skulens product update shop oat-milk --attribute price=2.19 --without tag",
    "skulens product update shop oat-milk --attribute price=2.19 --if-revision 3",
)
def update(
    context: typer.Context,
    catalog: CatalogName,
    product_id: ProductId,
    name: Annotated[str | None, typer.Option(help="Name for people.")] = None,
    description: Annotated[str | None, typer.Option(help="Free text.")] = None,
    attribute: Annotated[
        list[str] | None, typer.Option(metavar="K=V", help="Set it; others stay as they are.")
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option(metavar="K", help="Take this attribute away.")
    ] = None,
    if_revision: IfRevision = None,
    json: JsonOption = False,
) -> None:
    """Change what is said of a product; what is left out stays."""
    changes: dict[str, AttributeValue | None] = dict(parse_attributes(attribute or []))
    changes.update(dict.fromkeys(without or []))
    change = (
        open_catalogs(context)
        .open(catalog)
        .update_product(
            product_id,
            name=name,
            description=description,
            attribute_changes=changes,
            if_revision=if_revision,
        )
    )
    done = f"{product_id} is at revision {change.product.revision}"
    _answer(Output(json=json), catalog, change, done)


@command(product_app, "skulens product replace-images shop oat-milk new-front.jpg new-back.jpg")
def replace_images(
    context: typer.Context,
    catalog: CatalogName,
    product_id: ProductId,
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE", help="Reference pictures.")],
    whole: Whole = False,
    outline: Outline = None,
    if_revision: IfRevision = None,
    json: JsonOption = False,
) -> None:
    """Give a product these pictures instead of those that it has."""
    output = Output(json=json)
    pictures = read_pictures(images, choice_of(whole=whole, outline=outline))
    store = open_catalogs(context).open(catalog)
    with output.working("reading the pictures"):
        change = store.replace_images(product_id, pictures, if_revision=if_revision)
    _answer(output, catalog, change, f"{product_id} has {_count(len(change.product.images))} now")


@command(product_app, "skulens product remove-image shop oat-milk 3f2a…")
def remove_image(
    context: typer.Context,
    catalog: CatalogName,
    product_id: ProductId,
    images: Annotated[
        list[str], typer.Argument(metavar="IMAGE_ID", help="As `product show` lists them.")
    ],
    if_revision: IfRevision = None,
    json: JsonOption = False,
) -> None:
    """Take reference pictures away from a product; the last one stays."""
    store = open_catalogs(context).open(catalog)
    meant = find_images(store.product(product_id), images)
    change = store.remove_images(product_id, meant, if_revision=if_revision)
    done = f"{product_id} has {_count(len(change.product.images))} now"
    _answer(Output(json=json), catalog, change, done)


command(
    product_app,
    "skulens product outline shop oat-milk",
    "skulens product outline shop oat-milk 3f2a… --whole",
    "skulens product outline shop oat-milk 3f2a… --outline '40,30 310,42 300,460 35,450'",
    "skulens product outline shop oat-milk 3f2a… --automatic",
)(outline_command)


@command(product_app, "skulens product list shop", "skulens product list shop --json", name="list")
def list_products(context: typer.Context, catalog: CatalogName, json: JsonOption = False) -> None:
    """List the products of a catalog."""
    output = Output(json=json)
    products = open_catalogs(context).open(catalog).snapshot().products
    table = Table("Product", "Name", "Pictures", "Attributes", "Changed", box=None, pad_edge=False)
    table.columns[2].justify = "right"
    for product_id in sorted(products):
        output.line(product_json(products[product_id]))
        table.add_row(*_row(products[product_id]))
    output.show(table if products else Text(f"catalog {catalog} has no products yet", "dim"))


@command(product_app, "skulens product show shop oat-milk")
def show(
    context: typer.Context, catalog: CatalogName, product_id: ProductId, json: JsonOption = False
) -> None:
    """Show a product and its pictures."""
    output = Output(json=json)
    product = open_catalogs(context).open(catalog).product(product_id)
    output.line(product_json(product))
    output.show(_facts(product))
    output.show(_pictures(product))


@command(
    product_app, "skulens product remove shop oat-milk", "skulens product restore shop oat-milk"
)
def remove(
    context: typer.Context, catalog: CatalogName, product_id: ProductId, json: JsonOption = False
) -> None:
    """Take a product out of the catalog; `restore` brings it back."""
    change = open_catalogs(context).open(catalog).remove_product(product_id)
    _answer(Output(json=json), catalog, change, f"removed {product_id}")


@command(product_app, "skulens product restore shop oat-milk")
def restore(
    context: typer.Context, catalog: CatalogName, product_id: ProductId, json: JsonOption = False
) -> None:
    """Bring a removed product back, pictures included."""
    change = open_catalogs(context).open(catalog).restore_product(product_id)
    _answer(Output(json=json), catalog, change, f"restored {product_id}")


def parse_attributes(pairs: Sequence[str]) -> dict[str, "AttributeValue"]:
    """`k=v` pairs as typed attributes.

    Raises:
        typer.BadParameter: a pair has no name or no equals sign.
    """
    values: dict[str, list[str]] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise typer.BadParameter(f"{pair!r} is not K=V", param_hint="--attribute")
        values.setdefault(key, []).append(value)
    return {key: _typed(given) for key, given in values.items()}


def _typed(values: list[str]) -> "AttributeValue":
    if len(values) > 1:
        return tuple(values)
    try:
        number = float(values[0])
    except ValueError:
        return values[0]
    return number if abs(number) < float("inf") else values[0]


def _answer(output: Output, catalog: str, change: "ChangeResult", done: str) -> None:
    output.line(change_json(catalog, change.index_version, change.product, change.kept))
    output.show(Text(f"{done} (catalog {catalog}, version {change.index_version})"))
    show_kept(output, change.kept, lines=False)
    for note in (*change.notes, *(issue.sentence for issue in change.issues)):
        output.note(note)


def _count(images: int) -> str:
    return "1 picture" if images == 1 else f"{images} pictures"


def _row(product: "Product") -> tuple[Text, ...]:
    attributes = ", ".join(f"{key}={attribute_text(value)}" for key, value in product.attributes)
    cells = (product.product_id, product.name, str(len(product.images)), attributes)
    return (*map(Text, cells), Text(product.updated_at[:10], "dim"))


def _facts(product: "Product") -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_row(Text("product", "dim"), Text(product.product_id, "bold"))
    table.add_row(Text("name", "dim"), Text(product.name))
    if product.description:
        table.add_row(Text("description", "dim"), Text(product.description))
    for key, value in product.attributes:
        table.add_row(Text(key, "dim"), Text(attribute_text(value)))
    table.add_row(Text("revision", "dim"), Text(f"{product.revision}, {product.updated_at}"))
    return table


def _pictures(product: "Product") -> Table:
    table = Table("Picture", "Size", "Added", "Id", box=None, pad_edge=False)
    for image in product.images:
        table.add_row(
            Text(image.source_name),
            f"{image.width} x {image.height}",
            Text(image.added_at[:10], "dim"),
            Text(image.image_id[:12], "dim"),
        )
    return table
