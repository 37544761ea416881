"""`skulens bench …`: measurements, each with its baseline in the same run."""

import typer

from api.cli.bench.calibration import calibration_app
from api.cli.bench.crop import crop_bench_app
from api.cli.bench.index import index_app
from api.cli.bench.live import live_app
from api.cli.bench.parts import parts_app
from api.cli.bench.propose import propose_app
from api.cli.bench.recognition import recognition_app
from api.cli.bench.serve import serve_app
from api.cli.bench.thumbnail import thumbnail_app
from api.cli.bench.votes import votes_app
from api.cli.context import examples

bench_app = typer.Typer(
    no_args_is_help=True,
    help="Measure skulens, each time beside a baseline.",
    epilog=examples(
        "skulens bench recognition --data DIR --json recognition.json",
        "skulens bench homography --shared DIR",
    ),
)

for commands in (
    recognition_app,
    calibration_app,
    crop_bench_app,
    index_app,
    live_app,
    parts_app,
    serve_app,
    propose_app,
    thumbnail_app,
    votes_app,
):
    bench_app.add_typer(commands)
