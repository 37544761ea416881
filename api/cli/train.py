"""`skulens train …`: making our own weights; needs the picture data, and hours."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from api.cli.invocation import examples, services
from api.cli.output import OnProgress, Output

if TYPE_CHECKING:
    from training.progress import Progress
    from training.run import RunOptions

train_app = typer.Typer(
    no_args_is_help=True,
    help="Train our own networks.",
    epilog=examples("skulens train embedder --data DIR --out runs/embedder --minutes 45"),
)

Data = Annotated[
    Path, typer.Option("--data", metavar="DIR", help="The picture data, laid out as its README.")
]
Out = Annotated[
    Path, typer.Option("--out", metavar="DIR", help="Where checkpoints, log and curves go.")
]
Minutes = Annotated[float, typer.Option(min=0.01, help="Of training in all, resumed or not.")]
Seed = Annotated[int, typer.Option(help="Of all chance.")]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on from the checkpoint in --out, if there is one.")
]
TrainingDevice = Annotated[Literal["cpu", "cuda"], typer.Option(help="Where to train.")]


@train_app.command(
    epilog=examples(
        "skulens train detector --data DIR --out runs/detector --minutes 45",
        "skulens train detector --data DIR --out runs/detector --minutes 90 --resume",
    )
)
def detector(
    context: typer.Context,
    data: Data,
    out: Out,
    minutes: Minutes = 45.0,
    seed: Seed = 0,
    device: TrainingDevice = "cpu",
    resume: Resume = False,
) -> None:
    """Train the detector, which finds what may be a product."""
    from training.detector import train_detector
    from training.run import RunOptions

    _prepare(context)
    output = Output()
    options = RunOptions(data, out, minutes, seed, device, resume)
    with output.progress("training the detector", "minutes") as advance:
        best = train_detector(options, lambda now: _report(output, now, options, advance))
    output.show(str(best))


@train_app.command(
    epilog=examples(
        "skulens train embedder --data DIR --out runs/embedder --minutes 45",
        "skulens train embedder --data DIR --out runs/embedder --minutes 90 --resume",
    )
)
def embedder(
    context: typer.Context,
    data: Data,
    out: Out,
    minutes: Minutes = 45.0,
    seed: Seed = 0,
    device: TrainingDevice = "cpu",
    resume: Resume = False,
) -> None:
    """Train the embedder, which ranks products by likeness."""
    from training.embedder import train_embedder
    from training.run import RunOptions

    _prepare(context)
    output = Output()
    options = RunOptions(data, out, minutes, seed, device, resume)
    with output.progress("training the embedder", "minutes") as advance:
        best = train_embedder(options, lambda now: _report(output, now, options, advance))
    output.show(str(best))


@train_app.command(epilog=examples("skulens train basis --data DIR --out rootsift.safetensors"))
def basis(
    data: Data,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The axes, safetensors.")],
) -> None:
    """Find the axes along which RootSIFT descriptors are kept."""
    from training.basis import save_basis, train_basis
    from training.data import TrainingData

    output = Output()
    with output.working("describing pictures"):
        found = train_basis(TrainingData.open(data))
    save_basis(found, out)
    output.show(f"{out}: {found.axes.shape[1]} axes")


@train_app.command(epilog=examples("skulens train decision --data DIR --out decision.json"))
def decision(
    context: typer.Context,
    data: Data,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The calibration, as JSON.")],
    photos: Annotated[int, typer.Option(min=1, help="At most, of each carton.")] = 12,
) -> None:
    """Calibrate what probability the evidence is worth."""
    from api.measuring import contest_finder
    from matcher.calibration import save
    from training.data import TrainingData
    from training.decision import DecisionOptions, calibration_catalog, train_decision

    opened = TrainingData.open(data)
    output = Output()
    with (
        output.progress("calibrating the decision", "photos") as advance,
        contest_finder(services(context), calibration_catalog(opened)) as find,
    ):
        fitted = train_decision(opened, find, DecisionOptions(photos=photos), advance)
    save(fitted, out)
    output.show(f"{out}: {fitted}")


def _prepare(context: typer.Context) -> None:
    settings = services(context).settings
    if settings.threads:
        import torch

        torch.set_num_threads(settings.threads)


def _report(output: Output, now: "Progress", options: "RunOptions", advance: OnProgress) -> None:
    advance(int(now.minutes), max(int(options.minutes), 1))
    figures = ", ".join(f"{name} {value:.3f}" for name, value in now.figures.items())
    output.note(f"step {now.step}, {now.minutes:.1f} minutes, loss {now.loss:.3f}, {figures}")
