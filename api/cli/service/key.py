"""`skulens key`: API keys of the service."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from api.cli.context import JsonOption, command, examples
from api.cli.output import Output, printable
from api.cli.service.serve import StateFolder
from api.http.auth.scope import Scope
from api.settings import load_settings

if TYPE_CHECKING:
    from api.http.auth.keys import ApiKey, KeyStore

key_app = typer.Typer(
    no_args_is_help=True,
    help="Make, list and revoke API keys of the service.",
    epilog=examples("skulens key create --scope admin", "skulens key list"),
)


@command(
    key_app,
    "skulens key create --scope admin",
    "skulens key create --scope read --scope live --catalog shop --name 'till 3'",
)
def create(
    scope: Annotated[list[Scope], typer.Option(help="What it allows; admin allows everything.")],
    catalog: Annotated[
        list[str] | None, typer.Option(help="Only in this catalog; all of them when left out.")
    ] = None,
    name: Annotated[str, typer.Option(help="For people.")] = "",
    state: StateFolder = None,
    json: JsonOption = False,
) -> None:
    """Make a key and print it, once: it is kept nowhere."""
    output = Output(json=json)
    text, key = _store(state).create(scope, catalog or (), name)
    output.line({**_record(key), "key": text})
    output.show(Text(text, "bold"))
    output.note("keep it well, it is not shown again; clients send it as Authorization: Bearer")


@command(key_app, "skulens key list", name="list")
def list_keys(state: StateFolder = None, json: JsonOption = False) -> None:
    """List keys, without what makes them work."""
    output = Output(json=json)
    keys = _store(state).list()
    table = Table("Id", "Name", "Scopes", "Catalogs", "Made", box=None, pad_edge=False)
    for key in keys:
        output.line(_record(key))
        cells = (key.key_id, key.name, " ".join(key.scopes), " ".join(key.catalogs) or "all")
        made = datetime.fromtimestamp(key.created_at, UTC).date().isoformat()
        table.add_row(*(Text(printable(cell)) for cell in (*cells, made)))
    output.show(table if keys else Text("there are no keys", "dim"))


@command(key_app, "skulens key revoke 3f9a01b2c4d5")
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As `skulens key list` shows it.")],
    state: StateFolder = None,
    json: JsonOption = False,
) -> None:
    """Refuse a key from now on, within a second."""
    output = Output(json=json)
    _store(state).revoke(key_id)
    output.line({"key_id": key_id, "revoked": True})
    output.show(Text(f"revoked {key_id}"))


def _store(state: Path | None) -> "KeyStore":
    from api.http.auth.keys import KeyStore
    from api.http.options import ServerOptions

    return KeyStore(ServerOptions(state or load_settings(os.environ).state).keys)


def _record(key: "ApiKey") -> dict[str, object]:
    return {
        "key_id": key.key_id,
        "name": key.name,
        "scopes": list(key.scopes),
        "catalogs": list(key.catalogs),
        "created_at": key.created_at,
    }
