"""`skulens catalog …`: whole catalogs."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from api.cli.catalog.calibrate import calibrate, calibration_rows, feedback
from api.cli.catalog.sync import model, reconcile, sync
from api.cli.context import CatalogName, JsonOption, command, examples, finish, open_services
from api.cli.output import Output
from api.cli.target import open_catalogs, service_client
from api.errors import Refused
from api.schemas.results import calibration_json, catalog_json, import_row_json, part_ids_json
from client.records import CatalogJson

if TYPE_CHECKING:
    from api.remote.protocols import CatalogCollection, EditableCatalog
    from api.services import Services
    from catalog.transfer.importer import ImportReport
    from catalog.transfer.manifest import ImportManifest

catalog_app = typer.Typer(
    no_args_is_help=True,
    help="Create, list, show, delete, import, export and keep catalogs.",
    epilog=examples(
        "skulens catalog import shop pictures/",
        "skulens catalog list",
        "skulens catalog export shop backup/",
    ),
)

command(catalog_app, "skulens catalog sync shop", "skulens catalog sync shop --dry-run")(sync)
command(catalog_app, "skulens catalog reconcile shop --dry-run", "skulens catalog reconcile shop")(
    reconcile
)
command(
    catalog_app,
    "skulens catalog model shop",
    "skulens catalog model shop --encode",
    "skulens catalog model shop --switch",
    "skulens catalog model shop --rollback",
)(model)


command(
    catalog_app,
    "skulens catalog calibrate shop",
    "skulens catalog calibrate shop --false-accept-rate 0.001 --photos photos/",
    "skulens catalog calibrate shop --reset",
)(calibrate)
command(catalog_app, "skulens catalog feedback shop", "skulens catalog feedback shop --json")(
    feedback
)


@command(catalog_app, "skulens catalog create shop")
def create(context: typer.Context, name: CatalogName, json: JsonOption = False) -> None:
    """Create an empty catalog."""
    output = Output(json=json)
    counts = _counts(name, open_catalogs(context).create(name))
    output.line(counts)
    output.show(Text(f"created catalog {name}; add products with: skulens product add {name} …"))


@command(catalog_app, "skulens catalog list", "skulens catalog list --json", name="list")
def list_catalogs(context: typer.Context, json: JsonOption = False) -> None:
    """List the catalogs."""
    output = Output(json=json)
    catalogs = open_catalogs(context)
    table = Table("Catalog", "Products", "Pictures", "Version", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for name in catalogs.names():
        counts = _counts(name, catalogs.open(name))
        output.line(counts)
        numbers = (counts["products"], counts["images"], counts["index_version"])
        table.add_row(Text(name, "bold"), *map(str, numbers))
    output.show(table if table.rows else Text("there is no catalog yet; see skulens catalog -h"))


@command(catalog_app, "skulens catalog show shop")
def show(context: typer.Context, name: CatalogName, json: JsonOption = False) -> None:
    """Show a catalog: how much is in it, which networks encoded it, how it decides."""
    output = Output(json=json)
    snapshot = open_catalogs(context).open(name).snapshot()
    counts = catalog_json(name, snapshot.index_version, snapshot.products.values())
    parts = snapshot.part_ids
    encoded = part_ids_json(parts)
    calibrations = [calibration_json(calibration) for calibration in snapshot.calibrations.values()]
    output.line({**counts, "part_ids": encoded, "calibrations": calibrations})
    table = Table.grid(padding=(0, 2))
    table.add_row(Text("catalog", "dim"), Text(name, "bold"))
    for label, number in (("products", counts["products"]), ("pictures", counts["images"])):
        table.add_row(Text(label, "dim"), str(number))
    table.add_row(Text("version", "dim"), str(counts["index_version"]))
    for part, part_id in encoded.items():
        table.add_row(Text(part, "dim"), Text(str(part_id)))
    here = None if service_client(context) else open_services(context).settings
    for label, sentence in calibration_rows(here, snapshot.calibrations, parts.embedding):
        table.add_row(Text(label, "dim"), Text(sentence))
    output.show(table)
    if here is not None:
        _note_renewal(output, open_services(context), name)


def _note_renewal(output: Output, services: "Services", name: str) -> None:
    from catalog.migration import describe_renewal

    if services.catalogs.open(name).migration.is_due:
        output.note(describe_renewal(name))


@command(catalog_app, "skulens catalog delete shop", "skulens catalog delete shop --yes")
def delete(
    context: typer.Context,
    name: CatalogName,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: JsonOption = False,
) -> None:
    """Delete a catalog with all its products and pictures, for ever."""
    output = Output(json=json)
    catalogs = open_catalogs(context)
    counts = _counts(name, catalogs.open(name))
    if not yes:
        _confirm(counts)
    catalogs.delete(name)
    output.line(counts)
    output.show(Text(f"deleted catalog {name}"))


@command(
    catalog_app,
    "skulens catalog import shop pictures/",
    "skulens catalog import shop products.csv",
    "skulens catalog import shop products.jsonl --json",
    name="import",
)
def import_catalog(
    context: typer.Context,
    name: CatalogName,
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH",
            help="A folder with one folder per product, a CSV/XLSX/JSONL manifest, or a zip.",
        ),
    ],
    json: JsonOption = False,
) -> None:
    """Add products from a folder, a manifest or a zip; creates the catalog if there is none.

    What is in the catalog already is left alone, so an import that was
    interrupted is simply run again. Products that cannot be taken in are named
    on stderr; the others are, and the exit code is 1.
    """
    from api.services import unpack_bounds
    from catalog.transfer.importer import open_manifest

    output = Output(json=json)
    bounds = unpack_bounds(open_services(context).settings)
    # A path that offers nothing is refused before a catalog is made for it.
    with open_manifest(path, bounds) as manifest:
        report = _taken_in(context, name, manifest, output)
    for row in report.rows:
        output.line(import_row_json(row))
    remarks = (sentence for row in report.rows for sentence in (*row.notes, *row.issues))
    for sentence in (*report.ignored, *remarks):
        output.note(sentence)
    for failure in report.failures:
        output.refuse(failure)
    output.show(_import_summary(name, report))
    finish(output)


def _taken_in(
    context: typer.Context, name: str, manifest: "ImportManifest", output: Output
) -> "ImportReport":
    from catalog.transfer.importer import import_manifest

    client = service_client(context)
    if client is not None:
        from api.remote.importer import import_to_server

        _open_or_create(open_catalogs(context), name)
        with output.progress("importing", "pictures") as advance:
            return import_to_server(client, name, manifest, advance)
    built = open_services(context)
    _open_or_create(built.catalogs, name)
    store = built.catalogs.open(name)
    with output.progress("importing", "pictures") as advance:
        return import_manifest(store, manifest, advance, built.fetch)


def _open_or_create(catalogs: "CatalogCollection", name: str) -> None:
    from catalog.errors import NotFound

    try:
        catalogs.open(name)
    except NotFound:
        catalogs.create(name)


def _import_summary(name: str, report: "ImportReport") -> Text:
    from catalog.transfer.importer import RowStatus

    counts = [f"{report.count(status)} {status}" for status in RowStatus if report.count(status)]
    return Text(f"catalog {name}, version {report.index_version}: {', '.join(counts)}")


@command(
    catalog_app,
    "skulens catalog export shop backup/",
    "skulens catalog import shop-copy backup/",
    name="export",
)
def export_catalog(
    context: typer.Context,
    name: CatalogName,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    json: JsonOption = False,
) -> None:
    """Write a catalog's pictures and a manifest into a folder; `import` reads them back."""
    from catalog.transfer.exporter import export_catalog

    output = Output(json=json)
    snapshot = open_services(context).catalogs.open(name).snapshot()
    with output.progress("exporting", "pictures") as advance:
        export_catalog(snapshot, directory, advance)
    counts = catalog_json(name, snapshot.index_version, snapshot.products.values())
    output.line({**counts, "directory": str(directory)})
    output.show(Text(f"exported {counts['products']} products to {directory}"))


def _counts(name: str, store: "EditableCatalog") -> CatalogJson:
    snapshot = store.snapshot()
    return catalog_json(name, snapshot.index_version, snapshot.products.values())


def is_somebody_there() -> bool:
    """Whether a question would reach a person."""
    return sys.stdin is not None and sys.stdin.isatty()


def _confirm(counts: CatalogJson) -> None:
    name = counts["catalog"]
    if not is_somebody_there():
        raise Refused(f"nobody is there to ask; to delete catalog {name}, add --yes")
    what = f"{counts['products']} products and {counts['images']} pictures"
    if not typer.confirm(f"Delete catalog {name} with {what}, for ever?", err=True):
        raise Refused(f"catalog {name} was not deleted")
