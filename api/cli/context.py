"""Shared by all commands: the services they work with, common options, exit codes."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from api.cli.output import Output
from api.errors import Refused
from api.settings import Settings, load_settings

if TYPE_CHECKING:
    from api.services import Services

Build = Callable[[Settings], AbstractContextManager["Services"]]
CommandT = TypeVar("CommandT", bound=Callable[..., Any])

REFUSED: Final = 1  # exit code; docs/cli.md lists all

# Key of the context where `--server` leaves its value; see `api.cli.target`.
SERVER: Final = "skulens.server"
ABOUT_CATALOGS: Final = ("catalog", "product", "identify", "explain", "search", "video", "watch")

# Panels of `skulens --help`.
FINDING: Final = "Find products"
KEEPING: Final = "Keep a catalog"
MEASURING: Final = "Measure and train"
SERVING: Final = "Serve"

JsonOption = Annotated[
    bool,
    typer.Option("--json", help="Answer in JSON Lines on stdout, and print nothing else there."),
]
CatalogName = Annotated[str, typer.Argument(metavar="CATALOG", help="Name of the catalog.")]


@dataclass(frozen=True, slots=True)
class CommandContext:
    """One run of the command line.

    Attributes:
        build: the composition root; tests pass another.
    """

    build: Build


def open_services(
    context: typer.Context, adapt: Callable[[Settings], Settings] | None = None
) -> "Services":
    """Build the services from the settings; they are closed when the command ends.

    Args:
        context: of the command.
        adapt: changes settings that the command knows better.

    Raises:
        SettingsError: a setting is misspelt or has a value that cannot be used.
        Refused: a service is named that this command would pass over.
    """
    invocation: CommandContext = context.obj
    settings = load_settings(os.environ)
    if settings.server and context.meta.get(SERVER) is None:
        _refuse_to_pass_over(context, settings.server)
    return context.with_resource(invocation.build(adapt(settings) if adapt else settings))


def _refuse_to_pass_over(context: typer.Context, server: str) -> None:
    words = context.command_path.split()[1:]
    if words[0] in ABOUT_CATALOGS:
        raise Refused(
            f"`{' '.join(words)}` works on this machine's catalogs alone, and SKULENS_SERVER "
            f"names {server}; run it there, or unset SKULENS_SERVER"
        )


def finish(output: Output) -> None:
    """Exit with 1 if something was refused.

    Raises:
        typer.Exit: something was refused.
    """
    if output.refusals:
        raise typer.Exit(REFUSED)


def command(
    app: typer.Typer,
    *shown: str,
    **options: Any,  # noqa: ANN401 -- those of typer
) -> Callable[[CommandT], CommandT]:
    """Declare a command whose help ends with examples to copy."""
    return app.command(epilog=examples(*shown), **options)


def examples(*commands: str) -> str:
    """Return the last paragraph of a help page: commands to copy."""
    return "\n".join(
        ["[bold]Examples[/bold]", *(f"[cyan]$ {command}[/cyan]" for command in commands)]
    )
