"""`skulens bench index`, `search` and `words`: the nearest products, and products by words."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.bench.measurement import (
    SHARED_HELP,
    JsonFile,
    Seed,
    lay_out_protocol,
    measurement,
    print_result,
)
from api.cli.context import command
from api.cli.output import Output
from api.errors import Refused

if TYPE_CHECKING:
    from api.cli.output import OnStage
    from api.services import Services
    from bench.retrieval.printed_search import PrintedFigures

index_app = typer.Typer()


@command(
    index_app,
    "skulens bench index --shared DIR",
    "skulens bench index --shared DIR --size 100000 --size 1000000 --json figures.json",
)
def index(
    context: typer.Context,
    shared: Annotated[Path, typer.Option(metavar="DIR", help=SHARED_HELP)],
    size: Annotated[
        list[int] | None, typer.Option(min=200, help="Vectors in all; may be given again.")
    ] = None,
    redis_port: Annotated[
        int | None, typer.Option(help="Also measure tables in a Redis on this machine.")
    ] = None,
    seed: Seed = 0,
    json: JsonFile = None,
) -> None:
    """The nearest products: our index beside exact search, datasketch and faiss."""
    from bench.retrieval.index import SIZES, IndexOptions, measure_index
    from bench.retrieval.index_material import find_index_pictures, make_index_material

    with measurement(context) as (output, built, on_stage):
        sizes = tuple(sorted(set(size or SIZES)))
        pictures = find_index_pictures(shared)
        embedder = built.models.networks.embedder
        cache = built.settings.cache_dir / "bench"
        material = make_index_material(pictures, embedder, sizes[-1], seed, cache, on_stage)
        result = measure_index(material, IndexOptions(sizes, redis_port), on_stage)
    print_result(output, result.table(), result.to_json(), json)


@command(index_app, "skulens bench search", "skulens bench search --products 100000")
def search(
    products: Annotated[int, typer.Option(min=10, help="In the catalog.")] = 10_000,
    queries: Annotated[int, typer.Option(min=1, help="Of each kind.")] = 100,
    seed: Seed = 0,
    json: JsonFile = None,
) -> None:
    """Search by words, right and misspelt, beside reading every product."""
    from bench.retrieval.text_search import TextSearchOptions, measure_text_search

    output = Output()
    with output.stages() as on_stage:
        result = measure_text_search(TextSearchOptions(products, queries, seed), on_stage)
    print_result(output, result.table(), result.to_json(), json)


@command(index_app, "skulens bench words --shared DIR")
def words(
    context: typer.Context,
    shared: Annotated[Path, typer.Option(metavar="DIR", help=SHARED_HELP)],
    json: JsonFile = None,
) -> None:
    """Words printed on products: found in search, telling twins apart; beside reading nothing."""
    from dataclasses import replace

    from api.cli.bench.catalogs import CatalogRecogniser, temporary_catalog
    from api.models.loading import build_pipeline
    from bench.retrieval.labels import read_labels
    from bench.retrieval.twin_words import LABELS, TwinLabel, measure_twin_words

    with measurement(context) as (output, built, on_stage):
        models = built.models
        if models.networks.reader is None:
            raise Refused("no words are read; see `skulens models`, and set SKULENS_WORDS=yes")
        found = _printed_figures(built, shared, on_stage)
        labels = read_labels(LABELS, TwinLabel, shared)
        plain = build_pipeline(replace(models.networks, reader=None), models.decision)
        with (
            lay_out_protocol("open-set", shared) as dataset,
            temporary_catalog(dataset.catalog, models.encoder, on_stage) as catalog,
        ):
            reading = CatalogRecogniser(built.finder, catalog)
            without = CatalogRecogniser(plain, catalog)
            twins = measure_twin_words(labels, shared, reading, without, on_stage)
    print_result(output, found.table(), {}, None)
    figures = {"search": found.to_json(), "twins": twins.to_json()}
    print_result(output, twins.table(), figures, json)


def _printed_figures(built: "Services", shared: Path, on_stage: "OnStage") -> "PrintedFigures":
    """Search products without a name by what is printed on them."""
    from api.cli.bench.catalogs import picture_catalog
    from bench.retrieval.labels import read_labels
    from bench.retrieval.printed_search import (
        FIRST,
        LABELS,
        PrintedLabel,
        measure_printed_search,
        pictures_beside,
    )
    from catalog.ingest.image_file import read_image
    from catalog.search.search import SearchQuery
    from catalog.search.text_index import TextIndex

    labels = read_labels(LABELS, PrintedLabel, shared)
    paths = pictures_beside(labels, shared)
    pictures = {key: [read_image(path.read_bytes(), path.name)] for key, path in paths.items()}
    on_stage("encoding", 0, None)
    with picture_catalog(built.models.encoder, pictures) as catalog:

        def by_print(text: str) -> list[str]:
            hits = catalog.search(SearchQuery(text, limit=FIRST)).hits
            return [hit.product.product_id for hit in hits]

        def by_record(text: str) -> list[str]:
            return list(TextIndex().search(text, catalog.products).relevances)

        return measure_printed_search(labels, len(pictures), by_print, by_record)
