"""`--server URL --key KEY`: commands that ask a service."""

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
import typer.main

from api.cli.context import SERVER, open_services
from api.settings import Settings, load_settings

if TYPE_CHECKING:
    from api.remote.crop_answers import CropAnswers
    from api.remote.protocols import CatalogCollection, CatalogMatcher
    from client.client import Client

KEY: Final = "skulens.key"
PANEL: Final = "Ask a service"

# By the words of the command line; of a group named alone, all commands.
ANYWHERE: Final = (
    "identify",
    "explain",
    "search",
    "video",
    "watch",
    "product",
    "crop",
    "catalog create",
    "catalog list",
    "catalog show",
    "catalog delete",
    "catalog import",
    "catalog sync",
    "catalog reconcile",
)


def add_server_options(command: Any) -> Any:  # noqa: ANN401 -- typer's own click has no types
    """Give the commands of `ANYWHERE` the two options."""
    for words in ANYWHERE:
        found = command
        for word in words.split():
            found = found.commands[word]
        for command_with_options in getattr(found, "commands", {"": found}).values():
            command_with_options.params.extend(_options())
    return command


def service_client(context: typer.Context) -> "Client | None":
    """Connect to the service that the user names; None to work on this machine.

    Raises:
        SettingsError: a setting is misspelt or has a value that cannot be used.
        ClientError: what is named is no address, or no key.
    """
    settings = _settings(context)
    if not settings.server:
        return None
    from client.client import Client

    return context.with_resource(Client(settings.server, settings.key))


def open_catalogs(context: typer.Context) -> "CatalogCollection":
    """Return the catalogs of the service or of this machine; raises as `service_client`."""
    client = service_client(context)
    if client is None:
        return open_services(context).catalogs
    from api.remote.catalogs import RemoteCatalogs

    return RemoteCatalogs(client)


def open_matcher(context: typer.Context, catalog: str) -> "CatalogMatcher":
    """Return what matches pictures; raises as `service_client`, and `CatalogError`."""
    client = service_client(context)
    if client is None:
        from api.remote.protocols import LocalMatcher

        return LocalMatcher(open_services(context), catalog)
    from api.remote.matcher import RemoteMatcher

    return RemoteMatcher(client, catalog)


def open_crops(context: typer.Context) -> "CropAnswers":
    """Return what answers questions about pictures alone; raises as `service_client`."""
    client = service_client(context)
    if client is None:
        from api.remote.crop_answers import LocalCrops

        return LocalCrops(open_services(context).crops)
    from api.remote.crops import RemoteCrops

    return RemoteCrops(client)


def _settings(context: typer.Context) -> Settings:
    settings = load_settings(os.environ)
    given = context.meta.get(SERVER)
    if given is not None:
        settings = replace(settings, server=given)
    return replace(settings, key=context.meta.get(KEY) or settings.key)


def _options() -> list[Any]:
    app = typer.Typer(add_completion=False)
    app.command()(_signature)
    made: list[Any] = typer.main.get_command(app).params
    return made


def _noted(context: typer.Context, parameter: typer.CallbackParam, value: str | None) -> None:
    if value is not None:
        context.meta[f"skulens.{parameter.name}"] = value


def _service_option(metavar: str, about: str) -> Any:  # noqa: ANN401 -- as typer declares it
    return typer.Option(
        metavar=metavar, callback=_noted, expose_value=False, rich_help_panel=PANEL, help=about
    )


ServerAddress = Annotated[
    str | None,
    _service_option("URL", "Have this service do it; also SKULENS_SERVER. Empty: do it here."),
]
ServerKey = Annotated[
    str | None,
    _service_option(
        "KEY", "Its API key. Better SKULENS_KEY: others on this machine can see options."
    ),
]


def _signature(server: ServerAddress = None, key: ServerKey = None) -> None:
    """Where typer reads the two options from."""
