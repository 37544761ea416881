"""`skulens train release`: finished runs, measured and put into a weights folder."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from api.cli.context import command
from api.cli.output import Output
from api.cli.train.options import Data

release_app = typer.Typer()

Run = Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of its finished run.")]
Table = Annotated[Path | None, typer.Option(metavar="FILE", help="What `train` wrote for it.")]


@command(
    release_app,
    "skulens train release --data DIR --weights weights --embedder runs/embedder",
    "skulens train release --data DIR --weights weights --decision decision.json",
    "skulens train release --data DIR --weights weights --superglue runs/superglue --closer 4",
)
def release(
    data: Data,
    weights: Annotated[
        Path, typer.Option(metavar="DIR", help="The weights folder that takes them in.")
    ],
    detector: Run = None,
    embedder: Run = None,
    superpoint: Run = None,
    superglue: Run = None,
    lightglue: Run = None,
    comparator: Run = None,
    proposer: Run = None,
    colours: Table = None,
    decision: Table = None,
    codebook: Table = None,
    features: Table = None,
    pool: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Of SuperGlue's or LightGlue's run; in it if left out."),
    ] = None,
    front_end: Annotated[
        Literal["rootsift", "superpoint"], typer.Option(help="Whose keypoints SuperGlue pairs.")
    ] = "rootsift",
    keypoints: Annotated[
        int, typer.Option(min=8, help="At most, that either is served of each side.")
    ] = 384,
    closer: Annotated[
        int, typer.Option(min=1, help="References that either looks at per crop.")
    ] = 4,
) -> None:
    """Measure finished runs and put their networks into a weights folder.

    What the folder has of the others stays. The decision fits the networks that
    it was fitted with, so it comes last.
    """
    from training.release.keypoints import GlueRelease
    from training.release.release import FinishedRuns, release_networks
    from training.superglue.front_ends import FrontEndKind

    def served(run: Path | None) -> GlueRelease | None:
        if run is None:
            return None
        return GlueRelease(run, pool, FrontEndKind(front_end), keypoints, closer)

    runs = FinishedRuns(
        data,
        detector,
        embedder,
        colours,
        comparator,
        superpoint,
        served(superglue),
        decision,
        proposer,
        codebook,
        served(lightglue),
        features,
    )
    if runs == FinishedRuns(data):
        raise typer.BadParameter("name at least one finished run, such as --embedder DIR")
    output = Output()
    with output.working("measuring"):
        for entry in release_networks(runs, weights):
            figures = ", ".join(f"{name} {value:.3f}" for name, value in entry.figures.items())
            output.show(f"{entry.file}: {entry.size / 1e6:.1f} MB, {figures or 'no figures'}")
