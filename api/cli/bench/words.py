"""`skulens bench words`: what reading printed words is worth."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.bench.measurement import SHARED_HELP, JsonFile, measurement, print_result
from api.cli.context import command
from api.errors import Refused

words_app = typer.Typer()


@command(words_app, "skulens bench words --shared DIR")
def words(
    context: typer.Context,
    shared: Annotated[Path, typer.Option(metavar="DIR", help=SHARED_HELP)],
    json: JsonFile = None,
) -> None:
    """Words that are printed on products: found in text search, beside reading nothing."""
    from api.cli.bench.catalogs import picture_catalog
    from bench.retrieval.printed_search import (
        FIRST,
        measure_printed_search,
        pictures_beside,
        read_printed_labels,
    )
    from catalog.ingest.image_file import read_image
    from catalog.search.search import SearchQuery
    from catalog.search.text_index import TextIndex

    with measurement(context) as (output, built, on_stage):
        if built.models.networks.reader is None:
            raise Refused("no words are read; see `skulens models`, and set SKULENS_WORDS=yes")
        labels = read_printed_labels(shared)
        paths = pictures_beside(labels, shared)
        pictures = {key: [read_image(path.read_bytes(), path.name)] for key, path in paths.items()}
        on_stage("encoding", 0, None)
        with picture_catalog(built.models.encoder, pictures) as catalog:

            def by_print(text: str) -> list[str]:
                hits = catalog.search(SearchQuery(text, limit=FIRST)).hits
                return [hit.product.product_id for hit in hits]

            def by_record(text: str) -> list[str]:
                return list(TextIndex().search(text, catalog.products).relevances)

            result = measure_printed_search(labels, len(pictures), by_print, by_record)
    print_result(output, result.table(), result.to_json(), json)
