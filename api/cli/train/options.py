"""Options that several training commands share: declared once, handed to a command as one value."""

import inspect
import os
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, get_type_hints

import typer

if TYPE_CHECKING:
    from training.loop.trainer import RunOptions

FULL_MINUTES: Final = 45.0  # of training on the picture data
CATALOG_MINUTES: Final = 10.0  # of fine-tuning on one catalog, which has far fewer pictures
CATALOG_REPORT_SECONDS: Final = 60.0  # shorter runs are measured more often
GPU_BATCHES: Final = 4  # usual batches that fill a GPU in one step

_DATA: Final = typer.Option(
    "--data", metavar="DIR", help="The picture data, laid out as its README."
)
Data = Annotated[Path, _DATA]
OptionalData = Annotated[Path | None, _DATA]
Out = Annotated[
    Path, typer.Option("--out", metavar="DIR", help="Where checkpoints, log and curves go.")
]
Minutes = Annotated[float, typer.Option(min=0.01, help="Of training in all, resumed or not.")]
Seed = Annotated[int, typer.Option(help="Of all chance.")]
Device = Annotated[Literal["cpu", "cuda"], typer.Option(help="Where to train.")]
Workers = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="Processes that draw what is learnt from; none, or with cuda as many as there are "
        "cores less two, if left out.",
    ),
]
Batches = Annotated[
    int | None,
    typer.Option(min=1, help="Usual batches that make one step; 1, or with cuda 4, if left out."),
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on from the checkpoint in --out, if there is one.")
]
OptionalOut = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="DIR",
        help="Where checkpoints, log and curves go; for a catalog: in the state folder.",
    ),
]
OwnCatalog = Annotated[
    str | None,
    typer.Option("--catalog", metavar="NAME", help="Adapt to its products instead; needs no data."),
]
OptionalMinutes = Annotated[
    float | None,
    typer.Option(
        min=0.01, help="Of training in all, resumed or not; 45, for a catalog 10 if left out."
    ),
]
Start = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help="With --data: weights to begin with instead of chance, such as the shipped ones.",
    ),
]
Backgrounds = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="With --catalog: pictures of places; drawn ones if left out."),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataTraining:
    """Options of a network that is trained on the picture data only."""

    data: Data
    out: Out
    minutes: Minutes = FULL_MINUTES
    seed: Seed = 0
    device: Device = "cpu"
    workers: Workers = None
    batches: Batches = None
    resume: Resume = False

    def run_options(self) -> "RunOptions":
        """Return the run, with as many workers and as large steps as the device deserves."""
        from training.loop.trainer import RunOptions

        run = RunOptions(self.data, self.out, self.minutes, self.seed, self.device, self.resume)
        return _sized(run, self.workers, self.batches)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataOrCatalogTraining:
    """Options of a network that is trained on the picture data, or fine-tuned on a catalog."""

    data: OptionalData = None
    out: OptionalOut = None
    catalog: OwnCatalog = None
    minutes: OptionalMinutes = None
    seed: Seed = 0
    device: Device = "cpu"
    workers: Workers = None
    batches: Batches = None
    resume: Resume = False
    start: Start = None
    backgrounds: Backgrounds = None

    def run_options(self, network: str, state: Path) -> "RunOptions":
        """Return the run.

        Args:
            network: names the run's folder below `state`, where `--out` is left out.
            state: folder that keeps the runs of catalogs.

        Raises:
            typer.BadParameter: options contradict each other, or one is missing.
        """
        from training.loop.trainer import RunOptions

        if (self.data is None) == (self.catalog is None):
            raise typer.BadParameter("give either --data DIR or --catalog NAME")
        common = (self.seed, self.device, self.resume)
        if self.catalog is not None:
            self._refuse_data_options()
            out = self.out or state / "training" / f"{network}-{self.catalog}"
            minutes = self.minutes or CATALOG_MINUTES
            run = RunOptions(out, out, minutes, *common, report_seconds=CATALOG_REPORT_SECONDS)
            return _sized(run, self.workers, 1)
        if self.data is None or self.out is None:
            raise typer.BadParameter("give --out DIR: where checkpoints, log and curves go")
        run = RunOptions(self.data, self.out, self.minutes or FULL_MINUTES, *common)
        return replace(_sized(run, self.workers, self.batches), start=self.start)

    def _refuse_data_options(self) -> None:
        """A catalog's run begins with the shipped weights and takes small steps."""
        for name, value in (("--batches", self.batches), ("--start", self.start)):
            if value is not None:
                raise typer.BadParameter(f"{name} is for training on --data: leave it out")


def _sized(run: "RunOptions", workers: int | None, batches: int | None) -> "RunOptions":
    on_gpu = run.device == "cuda"
    if workers is None:
        workers = max((os.cpu_count() or 1) - 2, 1) if on_gpu else 0
    return replace(run, workers=workers, batches=batches or (GPU_BATCHES if on_gpu else 1))


def shares(group: type, **defaults: object) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Show typer the fields of a dataclass in place of a command's parameter `options`.

    Args:
        group: dataclass of options; the command is given one of it.
        defaults: of fields whose default is another for this command.
    """
    hints = get_type_hints(group, include_extras=True)
    names = [field.name for field in fields(group)]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        def run(**given: Any) -> None:  # noqa: ANN401 -- whatever the options are
            shared = {name: given.pop(name) for name in names}
            command(options=group(**shared), **given)

        own = inspect.signature(command, eval_str=True).parameters
        parameters: list[inspect.Parameter] = []
        for name, parameter in own.items():
            if name != "options":
                parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
                continue
            for field in fields(group):
                default = defaults.get(field.name, field.default)
                parameters.append(
                    inspect.Parameter(
                        field.name,
                        inspect.Parameter.KEYWORD_ONLY,
                        default=inspect.Parameter.empty if default is MISSING else default,
                        annotation=hints[field.name],
                    )
                )
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__name__, run.__doc__ = command.__name__, command.__doc__
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return run

    return decorate
