from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.retrieval import printed_search, twin_words
from bench.retrieval.labels import read_labels


def test_labels_are_read_in_their_order(tmp_path: Path) -> None:
    labels = tmp_path / "labels.json"
    labels.write_text('[{"picture": "b.jpg", "word": "tea"}, {"picture": "a.jpg", "word": "rye"}]')
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).touch()
    read = read_labels(labels, printed_search.PrintedLabel, tmp_path)
    assert [(label.picture, label.word) for label in read] == [("b.jpg", "tea"), ("a.jpg", "rye")]


def test_a_missing_picture_is_named(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="God-Morgon"):
        read_labels(twin_words.LABELS, twin_words.TwinLabel, tmp_path)
    with pytest.raises(BenchError, match="Bravo-Apple-Juice"):
        read_labels(printed_search.LABELS, printed_search.PrintedLabel, tmp_path)
