import json
from pathlib import Path

import pytest

from bench.retrieval.labels import read_labels
from bench.retrieval.printed_search import (
    LABELS,
    PrintedLabel,
    measure_printed_search,
    pictures_beside,
    product_id_of,
)


def test_only_the_first_five_hits_count() -> None:
    labels = [PrintedLabel("a/1.jpg", "tea"), PrintedLabel("a/2.jpg", "honey")]
    ranking = {
        "tea": [product_id_of(Path("a/1.jpg"))],
        "honey": [*"abcde", product_id_of(Path("a/2.jpg"))],
    }
    figures = measure_printed_search(labels, 9, ranking.__getitem__, lambda _: [])
    assert (figures.found, figures.without, figures.missed) == (0.5, 0.0, ("honey",))
    assert "0.500" in str(figures.table())


def test_thirty_words_are_labelled_once_each() -> None:
    labels = json.loads(LABELS.read_text("utf-8"))
    assert len(labels) == 30
    assert len({label["picture"] for label in labels}) == 30


@pytest.mark.data
def test_the_catalog_holds_every_labelled_picture_under_an_id_of_its_own(shared_data: Path) -> None:
    labels = read_labels(LABELS, PrintedLabel, shared_data)
    pictures = pictures_beside(labels, shared_data)
    assert {label.product_id for label in labels} <= set(pictures)
    assert len(set(pictures.values())) == len(pictures) > 100
