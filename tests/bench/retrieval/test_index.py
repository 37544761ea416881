import numpy as np
import pytest
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.retrieval.index import IndexOptions, measure_index
from bench.retrieval.index_material import IndexMaterial


def unit(count: int, seed: int) -> NDArray[np.float32]:
    drawn = np.random.default_rng(seed).standard_normal((count, 32))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)


def material(truths: tuple[str, ...] = ("p0", "p1", "p2")) -> IndexMaterial:
    references = unit(3, 1)
    return IndexMaterial(references, ("p0", "p1", "p2"), unit(400, 2), references, truths, 400)


def test_a_material_is_cut_to_size_and_knows_whose_vectors_it_holds() -> None:
    cut = material().sized(10)
    assert cut.vectors.shape == (10, 32)
    assert cut.owners[:4] == ("p0", "p1", "p2", "other-0")
    assert len(material().sized(2).owners) == 3


def test_every_method_is_measured_in_a_process_of_its_own() -> None:
    methods = ("skulens, hashed", "numpy, exact", "datasketch, Redis")
    result = measure_index(material(), IndexOptions((300,), None, methods))
    assert [figures.method for figures in result.figures] == ["skulens, hashed", "numpy, exact"]
    assert all(figures.kept == 1 and figures.photos == 3 for figures in result.figures)
    assert all(figures.memory_mb > 1 and figures.p50_ms > 0 for figures in result.figures)
    assert "skulens, hashed, 300" in [row[0] for row in result.table().rows]
    assert result.to_json()["queries"] == 3


def test_photos_of_products_that_exact_search_does_not_find_measure_nothing() -> None:
    with pytest.raises(BenchError, match="none of the photos"):
        measure_index(material(("x", "y", "z")), IndexOptions((300,), None, ("numpy, exact",)))
