"""`skulens bench votes`: keypoints that vote in a whole catalog."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Final

import typer

from api.cli.bench.measurement import (
    SHARED_HELP,
    JsonFile,
    Seed,
    measurement,
    open_dataset,
    print_result,
)
from api.cli.context import command
from api.errors import Refused

votes_app = typer.Typer()

# Covers, household products and groceries of the protocol, without distractors.
_SHOWN: Final = 220


@command(
    votes_app,
    "skulens bench votes --shared DIR",
    "skulens bench votes --shared DIR --references 13000 --references 100000",
)
def votes(
    context: typer.Context,
    shared: Annotated[Path, typer.Option(metavar="DIR", help=SHARED_HELP)],
    references: Annotated[
        list[int] | None, typer.Option(min=1, help="In all; may be given again.")
    ] = None,
    real: Annotated[
        int, typer.Option(min=220, help="References that are described; the others are made.")
    ] = 1000,
    looks: Annotated[int, typer.Option(min=1, help="Photos.")] = 60,
    seed: Seed = 0,
    json: JsonFile = None,
) -> None:
    """Votes by keypoints in a whole catalog, beside exact votes."""
    from bench.recognition.protocols import MANY_THINGS, ProtocolOptions
    from bench.retrieval.votes import SIZES, measure_votes
    from bench.retrieval.votes_material import describe_material

    with measurement(context) as (output, built, on_stage), ExitStack() as stack:
        networks = built.models.networks
        coder = networks.coder
        if coder is None:
            raise Refused("the weights folder has no codebook; set SKULENS_WEIGHTS to one that has")
        options = ProtocolOptions(distractors=real - _SHOWN)
        dataset = open_dataset(None, MANY_THINGS, shared, stack, options)
        cache = built.settings.cache_dir / "bench"
        material = describe_material(dataset, networks.front_end, coder, looks, cache, on_stage)
        sizes = tuple(sorted(set(references or SIZES)))
        result = measure_votes(material, coder.codebook, sizes, seed, on_stage)
    print_result(output, result.table(), result.to_json(), json)
