"""`skulens catalog sync|reconcile|model`: what keeps a catalog right."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from api.cli.context import CatalogName, JsonOption, finish, open_services
from api.cli.output import Output
from api.cli.target import open_catalogs

if TYPE_CHECKING:
    from catalog.migration import CatalogModels
    from catalog.reconcile.report import Report

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Only say what would be done; change nothing.")
]


def sync(
    context: typer.Context, name: CatalogName, dry_run: DryRun = False, json: JsonOption = False
) -> None:
    """Take in pictures from incoming/PRODUCT_ID/ and hand edits of products/*.json.

    What cannot be taken in stays where it is and is named; the exit code is 1
    then.
    """
    output = Output(json=json)
    reconciler = open_catalogs(context).reconciler(name)
    with output.working("looking through the storage"):
        report = reconciler.sync(dry_run=dry_run)
    _answer(output, name, report, dry_run=dry_run)


def reconcile(
    context: typer.Context,
    name: CatalogName,
    dry_run: DryRun = False,
    accept_loss: Annotated[
        bool,
        typer.Option(
            "--accept-loss", help="So many products are really meant to disappear at once."
        ),
    ] = False,
    grace: Annotated[
        float,
        typer.Option(
            min=0.0, max=8760.0, metavar="HOURS", help="How long orphaned objects are left alone."
        ),
    ] = 24.0,
    json: JsonOption = False,
) -> None:
    """Compare the storage with the catalog, and bring both together.

    Does what sync does; also takes deletions in, makes what is missing, and
    removes objects that belonged to nothing in two runs, a grace apart. When
    more than 10 products and more than a tenth of all have disappeared, nothing
    is removed without --accept-loss.
    """
    output = Output(json=json)
    reconciler = open_catalogs(context).reconciler(name, grace_seconds=grace * 3600)
    with output.working("looking through the storage"):
        report = reconciler.reconcile(dry_run=dry_run, accept_loss=accept_loss)
    _answer(output, name, report, dry_run=dry_run)


def model(
    context: typer.Context,
    name: CatalogName,
    encode: Annotated[
        bool,
        typer.Option("--encode", help="Encode all pictures by the present networks beforehand."),
    ] = False,
    switch: Annotated[
        bool,
        typer.Option("--switch", help="Encode what is missing, then switch to these networks."),
    ] = False,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Go back to the networks that were active before.")
    ] = False,
    model_id: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", help="With --switch: these; else the present ones."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show which networks encoded a catalog; encode it by others, switch, roll back.

    Encoding goes on where it was stopped, and the catalog is used by its old
    networks meanwhile. The switch is one step, and so is going back.
    """
    if encode + switch + rollback > 1:
        raise typer.BadParameter("give one of --encode, --switch and --rollback")
    if model_id is not None and not switch:
        raise typer.BadParameter("an ID goes with --switch only")
    output = Output(json=json)
    change = open_services(context).catalogs.open(name).migration
    with output.progress("encoding", "pictures") as advance:
        if encode:
            change.prepare(advance)
        elif switch and model_id is None:
            change.switch(advance)
        elif switch and model_id is not None:
            change.switch_to(model_id, advance)
        elif rollback:
            change.roll_back()
    _show_model(output, name, change.models())


def _show_model(output: Output, name: str, models: "CatalogModels") -> None:
    from catalog.migration import describe_renewal

    present, active = models.present.part_ids, models.active.part_ids
    is_current = present == (active if present.words else active.without_words)
    known = {
        "active": models.active,
        "present": models.present,
        "previous": models.previous,
        "prepared": models.prepared,
    }
    record = {
        role: None if model is None else {"model_id": model.model_id, "encoded": model.encoded}
        for role, model in known.items()
    }
    facts = {"is_current": is_current, "answered": models.answered, "pictures": models.pictures}
    output.line({"catalog": name, **facts, **record})
    state = "networks made for it" if models.answered else "other networks; see --switch"
    if models.is_due:
        state = "an earlier version"
    output.show(
        Text(f"catalog {name} is encoded by {'the present networks' if is_current else state}")
    )
    if models.is_due:
        output.note(describe_renewal(name))
    table = Table("", "ID", "Encoded", "Networks", box=None, pad_edge=False)
    for role, catalog_model in known.items():
        if catalog_model is not None:
            ids = catalog_model.part_ids
            networks = ", ".join(ids.ids)
            encoded = f"{catalog_model.encoded}/{models.pictures}"
            table.add_row(Text(role, "dim"), catalog_model.model_id, encoded, Text(networks))
    output.show(table)


def _answer(output: Output, name: str, report: "Report", *, dry_run: bool) -> None:
    from catalog.reconcile.report import FindingKind

    for finding in report.findings:
        output.line(
            {"kind": finding.kind, "subject": finding.subject, "sentence": finding.sentence}
        )
        if finding.kind in (FindingKind.PROBLEM, FindingKind.HELD_BACK):
            output.refuse(finding.sentence)
        elif finding.kind is not FindingKind.WAITING:
            output.note(finding.sentence)
    counts = {kind.value: report.count(kind) for kind in FindingKind if report.count(kind)}
    output.line(
        {
            "catalog": name,
            "index_version": report.index_version,
            "drift": report.drift,
            "objects": report.objects,
            "counts": counts,
            "dry_run": dry_run,
        }
    )
    summary = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in counts.items())
    drift = f"drift {report.drift:.2%} of {report.objects:,} objects"
    start = "would be: " if dry_run and counts else ""
    output.show(Text(f"catalog {name}: {start}{summary or 'nothing to do'}; {drift}"))
    finish(output)
