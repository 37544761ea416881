"""`skulens crop`: the group of its commands."""

import typer

from api.cli.context import examples
from api.cli.crop.locate import locate_app
from api.cli.crop.propose import propose_app
from api.cli.crop.thumbnail import thumbnail_app

crop_app = typer.Typer(
    no_args_is_help=True,
    help="Where a crop was cut from, what a picture means, how to frame it.",
    epilog=examples(
        "skulens crop locate full.jpg part.jpg",
        "skulens crop propose photo.jpg",
        "skulens crop thumbnail photos/ --aspect 1:1 --aspect 16:9 --out thumbs/",
    ),
)


@crop_app.callback()
def crop() -> None:
    """Where a crop was cut from, what a picture means, how to frame it."""


crop_app.add_typer(propose_app)
crop_app.add_typer(thumbnail_app)
crop_app.add_typer(locate_app)
