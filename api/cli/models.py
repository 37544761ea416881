"""`skulens models`: which weights there are, and checkpoints turned into ours."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer
from rich.table import Table
from rich.text import Text

from api.cli.context import JsonOption, command, examples, open_services
from api.cli.output import Output
from api.errors import Refused
from api.schemas.results import weights_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matcher.networks.weights import WeightsEntry, WeightsManifest

SHOWN_FIGURES: Final = 4  # of each network; --json has all

models_app = typer.Typer(
    invoke_without_command=True,
    epilog=examples(
        "skulens models",
        "skulens models --json",
        "skulens models convert yolov5nu.pt --network detector",
    ),
)


@models_app.callback()
def models(context: typer.Context, json: JsonOption = False) -> None:
    """Show the networks' weights: licence, data, measured figures, and whether a file changed."""
    from matcher.errors import PackageMissing, WeightsError
    from matcher.networks.weights import DISPENSABLE, read_manifest

    if context.invoked_subcommand is not None:
        return
    output = Output(json=json)
    manifest = read_manifest(open_services(context).settings.weights)
    degraded: dict[str, str] = {}
    broken: dict[str, str] = {}
    for entry in manifest.entries:
        try:
            manifest.check(entry)
        except WeightsError as error:
            if entry.network in DISPENSABLE and isinstance(error, PackageMissing):
                degraded[entry.name] = f"{DISPENSABLE[entry.network]}, because {error}"
            else:
                broken[entry.name] = str(error)
        reason = degraded.get(entry.name)
        output.line({**weights_json(entry), **({"degraded": reason} if reason else {})})
    for sentence in dict.fromkeys(broken.values()):  # several files of a package have one reason
        output.refuse(sentence)
    output.show(_table(manifest, degraded, broken))
    if output.refusals:
        raise typer.Exit(1)


@command(
    models_app,
    "skulens models convert yolov5nu.pt --network detector",
    "skulens models convert resnet34.pth --network embedder --out resnet34.safetensors",
)
def convert(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A checkpoint that you trust.")],
    network: Annotated[
        Literal["detector", "embedder", "superpoint", "superglue"],
        typer.Option(help="What it is for."),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="FILE.safetensors if left out.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite --out.")] = False,
) -> None:
    """Turn a checkpoint into a safetensors file that fits our network; none of its code runs."""
    from matcher.networks.conversion import convert_checkpoint
    from matcher.networks.weights import Network

    output = Output()
    target = out if out is not None else file.with_suffix(".safetensors")
    if target.exists() and not force:
        raise Refused(f"{target} exists already; name another with --out or add --force")
    with output.working("converting"):
        weights = convert_checkpoint(file, target, Network(network))
    output.show(Text(f"{weights.path}  sha256 {weights.sha256}"))


def _table(
    manifest: "WeightsManifest", degraded: "Mapping[str, str]", broken: "Mapping[str, str]"
) -> Table | Text:
    if not manifest.entries:
        return Text(
            f"there are no weights in {manifest.folder}, and nothing is recognised without them; "
            "set SKULENS_WEIGHTS to the folder that came with skulens"
        )
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for entry in manifest.entries:
        origin = f", from {entry.package}" if entry.package else ""
        facts = f"{entry.size / 1e6:.1f} MB, {entry.licence}, sha256 {entry.sha256[:12]}…{origin}"
        table.add_row(Text(str(entry.network), "bold"), Text(f"{entry.name}\n{facts}"))
        table.add_row("", Text(entry.trained_on, "dim"))
        table.add_row("", Text(_figures(entry)))
        if entry.name in degraded:
            table.add_row("", Text(f"degraded: {degraded[entry.name]}", "yellow"))
        if entry.name in broken:
            table.add_row("", Text("not usable: see the sentence about it", "red"))
    return table


def _figures(entry: "WeightsEntry") -> str:
    shown = [f"{name} {value:.3g}" for name, value in entry.figures.items()][:SHOWN_FIGURES]
    more = len(entry.figures) - len(shown)
    return ", ".join(shown) + (f" and {more} more with --json" if more else "")
