"""The `skulens` command: `main` is what the console script calls."""

import os
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from importlib.metadata import version
from io import TextIOWrapper
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
import typer.main

from api.cli.bench.bench import bench_app
from api.cli.catalog.catalog import catalog_app
from api.cli.catalog.product import product_app
from api.cli.context import (
    FINDING,
    KEEPING,
    MEASURING,
    REFUSED,
    SERVING,
    Build,
    CommandContext,
    examples,
)
from api.cli.crop.crop import crop_app
from api.cli.demo import demo_app
from api.cli.models import models_app
from api.cli.output import Output
from api.cli.query.explain import explain_app
from api.cli.query.identify import identify_app
from api.cli.query.search import search_app
from api.cli.service.key import key_app
from api.cli.service.serve import serve_app
from api.cli.target import add_server_options
from api.cli.train.train import train_app
from api.cli.video import video_app
from api.cli.watch.watch import watch_app
from api.errors import refusals, sentence
from api.http.process.allocator import limit_arenas
from api.settings import Settings

if TYPE_CHECKING:
    from api.services import Services

INTERRUPTED: Final = 130  # exit code of a command that SIGINT ended, as shells give it
COMPLETION: Final = ("install_completion", "show_completion")


def main(arguments: Sequence[str] | None = None, build: Build | None = None) -> int:
    """Run one command.

    Args:
        arguments: without the program's name; those of the process when None.
        build: the composition root; `api.services.build_services` when None.

    Returns:
        The exit code: 0 done, 1 refused with a reason, 2 wrong usage, 130 interrupted.
    """
    _survive_odd_terminals()
    _leave_the_processor_to_networks()
    limit_arenas()
    try:
        command = hide_completion(add_server_options(typer.main.get_command(application())))
        command(args=arguments, prog_name="skulens", obj=CommandContext(build or _build))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        return INTERRUPTED
    except refusals() as error:
        Output().refuse(sentence(error))
        return REFUSED
    return 0


def application() -> typer.Typer:
    """Assemble all commands."""
    app = typer.Typer(
        name="skulens",
        help="Find the identical catalog product in pictures and video.",
        epilog=examples(
            "skulens demo",
            "skulens catalog import shop pictures/",
            "skulens identify shop photo.jpg",
            "skulens video shop clip.mp4 --annotated out.mp4 --report report.html",
        ),
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    for command in (
        demo_app,
        identify_app,
        explain_app,
        search_app,
        video_app,
        watch_app,
        serve_app,
    ):
        app.add_typer(command)
    app.add_typer(crop_app, name="crop", rich_help_panel=FINDING)
    app.add_typer(catalog_app, name="catalog", rich_help_panel=KEEPING)
    app.add_typer(product_app, name="product", rich_help_panel=KEEPING)
    app.add_typer(key_app, name="key", rich_help_panel=SERVING)
    app.add_typer(models_app, name="models", rich_help_panel=MEASURING)
    app.add_typer(bench_app, name="bench", rich_help_panel=MEASURING)
    app.add_typer(train_app, name="train", rich_help_panel=MEASURING)
    return app


def hide_completion(command: Any) -> Any:  # noqa: ANN401 -- typer's own click has no types
    """Leave shell completion out of the help: docs/cli.md says how it is installed, once."""
    for parameter in command.params:
        if parameter.name in COMPLETION:
            parameter.hidden = True
    return command


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"skulens {version('skulens')}")
        raise typer.Exit


def _options(
    show_version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Print the version and leave."
        ),
    ] = False,
) -> None: ...


def _build(settings: Settings) -> AbstractContextManager["Services"]:
    # Imported here: `--help` should not wait for what only commands need.
    from api.services import build_services

    return build_services(settings)


def _leave_the_processor_to_networks() -> None:
    """Keep NumPy's matrix library to one thread; has effect only before NumPy is imported.

    Its threads wait by spinning after every small product, which on two cores
    doubled the time that SuperGlue took.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def _survive_odd_terminals() -> None:
    """Print `?` where a terminal's encoding lacks a letter, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
