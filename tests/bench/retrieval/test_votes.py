import numpy as np
import pytest

from bench.errors import BenchError
from bench.retrieval.votes import measure_votes, nearest_exactly
from bench.retrieval.votes_material import VotesMaterial, make_references
from catalog.search.keypoints.coding import encode_images
from tests.catalog.support.keypoints import described, seen_again, small_codebook

REFERENCES = tuple(described(number) for number in range(30))
PRODUCTS = tuple(f"p{number}" for number in range(30))


def material(truths: tuple[str, ...] = ("p3", "p4")) -> VotesMaterial:
    looks = tuple(seen_again(described(int(truth[1:]))) for truth in truths)
    return VotesMaterial(PRODUCTS, REFERENCES, truths, looks)


def test_the_index_keeps_what_exact_votes_find_also_among_made_references() -> None:
    result = measure_votes(material(), small_codebook(), (100,), seed=0)
    assert [figures.references for figures in result.figures] == [30, 100]
    for figures in result.figures:
        assert figures.right == figures.right_kept == 1
        assert figures.p50_ms <= figures.p95_ms
    real, more = result.figures
    assert real.best_kept is not None
    assert more.best_kept is None
    assert more.keypoints == 100 * 40
    assert "30 references are real" in result.table().notes[0]
    assert len(result.table().rows) == 3


def test_photos_of_nothing_in_the_catalog_are_refused() -> None:
    with pytest.raises(BenchError, match="none of the photos"):
        measure_votes(material(("p77",)), small_codebook(), (), seed=0)


def test_made_references_have_keypoints_like_real_ones_in_the_same_words() -> None:
    codebook = small_codebook()
    coded = encode_images(REFERENCES, codebook)
    block = make_references(coded, 90, codebook.word_count, np.random.default_rng(0))
    real = np.bincount(np.concatenate([image.words for image in coded]), minlength=64)
    made = np.diff(block.file.starts)
    assert np.allclose(made / made.sum(), real / real.sum(), atol=0.01)
    assert set(np.unique(block.file.images)) == set(range(90))


def test_exact_neighbours_are_nearest_first() -> None:
    near = nearest_exactly(seen_again(REFERENCES[5])[:7], REFERENCES)
    assert (near.images[:, 0] == 5).all()
    assert (np.diff(near.cosines, axis=1) <= 0).all()
