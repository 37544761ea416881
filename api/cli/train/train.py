"""`skulens train …`: all that makes and releases our own weights."""

import typer

from api.cli.context import examples
from api.cli.train.networks import networks_app
from api.cli.train.pack import pack_app
from api.cli.train.preview import preview_app
from api.cli.train.release import release_app
from api.cli.train.tables import tables_app

train_app = typer.Typer(
    no_args_is_help=True,
    help="Train our own networks.",
    epilog=examples("skulens train embedder --data DIR --out runs/embedder --minutes 45"),
)
for commands in (networks_app, tables_app, preview_app, pack_app, release_app):
    train_app.add_typer(commands)
