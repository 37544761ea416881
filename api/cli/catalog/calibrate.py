"""`skulens catalog calibrate|feedback`: what a catalog learns from answers."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from api.cli.context import CatalogName, JsonOption, open_services
from api.cli.output import Output

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from api.models.calibration import CalibrationOutcome
    from api.settings import Settings
    from catalog.records.calibration import Calibration
    from matcher.decision.threshold import Rate, ThresholdFigures


def calibrate(
    context: typer.Context,
    name: CatalogName,
    false_accept_rate: Annotated[
        float,
        typer.Option(
            metavar="R", min=1e-6, max=0.999999, help="Share of unknowns that may be identical."
        ),
    ] = 0.01,
    photos: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Labelled photos in queries/PRODUCT_ID/ and queries/_unknown/."
        ),
    ] = None,
    unknown_share: Annotated[
        float | None,
        typer.Option(
            metavar="S", min=1e-6, max=0.999999, help="Share of things in view that are unknown."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be chosen; change nothing.")
    ] = False,
    reset: Annotated[bool, typer.Option("--reset", help="Decide as shipped again.")] = False,
    json: JsonOption = False,
) -> None:
    """Choose from which probability a product is called identical.

    Learns from feedback, and from labelled photos or, without any, from the
    catalog itself: each product as if the catalog lacked it. Takes a second or
    so per picture. Every process decides by it at once.
    """
    from api.models.calibration import CalibrationRequest, calibration_outcome_json
    from api.models.calibration import calibrate as chosen
    from api.models.calibration import decide_as_shipped as shipped

    output = Output(json=json)
    if reset and (photos or dry_run or unknown_share):
        raise typer.BadParameter("--reset goes with nothing else")
    built = open_services(context)
    store = built.catalogs.open(name)
    with output.working("loading the networks"):
        judge = built.recogniser(store.snapshot())
    if reset:
        version = shipped(store, judge)
        output.line({"catalog": name, "index_version": version, "reset": True})
        output.show(Text(f"catalog {name} decides as shipped"))
        return
    order = CalibrationRequest(false_accept_rate, photos, unknown_share, dry_run)
    with output.progress("asking", "pictures") as advance:
        done = chosen(store, judge, order, advance)
    for note in done.notes:
        output.note(note)
    output.line(calibration_outcome_json(name, order, done))
    output.show(_chosen_table(done))
    would = "would be" if dry_run else "is"
    threshold = done.calibration.threshold
    output.show(Text(f"catalog {name}: identical {would} said from {threshold:.4f}"))


def feedback(
    context: typer.Context,
    name: CatalogName,
    limit: Annotated[int, typer.Option(min=1, help="The newest.")] = 50,
    json: JsonOption = False,
) -> None:
    """List what people said of answers, the newest first; `calibrate` learns from it."""
    from catalog.records.codec import to_record

    output = Output(json=json)
    given = open_services(context).catalogs.open(name).snapshot().feedback
    table = Table("When", "Verdict", "Answer", "Really", "Probability", "Picture", box=None)
    for piece in reversed(given[-limit:]):
        output.line({"catalog": name, **to_record(piece)})
        probability = "" if piece.probability is None else f"{100 * piece.probability:.1f} %"
        cells = (piece.at[:16].replace("T", " "), str(piece.verdict), piece.product_id)
        more = (piece.other_product_id or "", probability, "yes" if piece.picture else "")
        table.add_row(*(Text(cell) for cell in (*cells, *more)))
    output.show(table if table.rows else Text(f"nobody said anything of catalog {name} yet"))
    if len(given) > limit:
        output.note(f"{limit} of {len(given)}; see --limit")


def calibration_rows(
    settings: "Settings | None", calibrations: "Mapping[str, Calibration]", embedding: str
) -> list[tuple[str, str]]:
    """Return how a catalog decides, for `catalog show`: a label and a sentence each.

    Args:
        settings: of the networks here; None where others answer.
        calibrations: of the catalog.
        embedding: part id of its embeddings.
    """
    if not calibrations:
        return [("identical", "as shipped; see: skulens catalog calibrate")]
    used = set(calibrations)
    if settings is not None:
        from api.models.loading import decision_id
        from catalog.encodings.encoding import network_of
        from matcher.decision.decision import derive_model_id

        own = decision_id(settings)
        used = {own, derive_model_id(own, network_of(embedding))}
    return [
        (
            "identical",
            f"from {calibration.threshold:.4f}, "
            f"to name {calibration.false_accept_rate:.2%} of unknowns, "
            f"since {calibration.at[:16].replace('T', ' ')}"
            + ("" if calibration.model_id in used else "; by other networks, so it is not used"),
        )
        for calibration in calibrations.values()
    ]


def _chosen_table(outcome: "CalibrationOutcome") -> Table:
    table = Table("", "before", "after", box=None, pad_edge=False)
    before, after = outcome.choice.before, outcome.choice.after
    scales = (f"{figures.scale.threshold:.4f}" for figures in (before, after))
    table.add_row(Text("threshold", "dim"), *scales)
    rows: dict[str, Callable[[ThresholdFigures], Rate | None]] = {
        "unknowns called identical": lambda figures: figures.false_accept,
        "known named right": lambda figures: figures.named,
        "known named wrong": lambda figures: figures.misnamed,
    }
    for label, pick in rows.items():
        table.add_row(Text(label, "dim"), _rate(pick(before)), _rate(pick(after)))
    for kind in after.by_kind:
        rates = (_rate(figures.by_kind.get(kind)) for figures in (before, after))
        table.add_row(Text(f"  {kind.replace('_', ' ')}", "dim"), *rates)
    return table


def _rate(rate: "Rate | None") -> str:
    if rate is None:
        return "no samples"
    return f"{rate.value:.1%} ({rate.low:.1%} to {rate.high:.1%}) of {rate.samples}"
