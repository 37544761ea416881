import numpy as np

from catalog.search.keypoints.coding import (
    decode_left_over,
    encode_descriptors,
    encode_images,
    nearest_words,
    project_left_over,
)
from tests.catalog.support.keypoints import described, small_codebook

CODEBOOK = small_codebook()


def test_the_nearest_words_are_those_of_brute_force() -> None:
    turned = described(1, 30) @ CODEBOOK.turn
    apart = np.square(turned[:, None] - CODEBOOK.flat_words).sum(axis=2)
    found = nearest_words(turned, CODEBOOK, branches=8, probes=5)
    assert np.array_equal(np.sort(found, axis=1), np.sort(np.argsort(apart, axis=1)[:, :5], axis=1))
    assert nearest_words(turned, CODEBOOK, branches=99, probes=999).shape == (30, 64)


def test_a_keypoint_gets_the_nearest_word_of_its_nearest_branch() -> None:
    rows = described(2, 50)
    coded = encode_descriptors(rows, CODEBOOK)
    nearest = nearest_words(rows @ CODEBOOK.turn, CODEBOOK, branches=1, probes=1)[:, 0]
    assert np.array_equal(coded.words, nearest)


def test_products_with_codes_are_those_with_what_is_decoded() -> None:
    coded = encode_descriptors(described(3, 40), CODEBOOK)
    turned = described(4, 6) @ CODEBOOK.turn
    voter = np.arange(40) % 6
    decoded = decode_left_over(coded.signs, coded.sizes, CODEBOOK)
    expected = np.einsum("nd,nd->n", decoded, turned[voter])
    assert np.allclose(project_left_over(turned, voter, coded, CODEBOOK), expected, atol=1e-5)


def test_images_coded_together_are_those_coded_alone() -> None:
    images = [described(5, 7), described(6, 0), described(7, 3)]
    for together, rows in zip(encode_images(images, CODEBOOK), images, strict=True):
        alone = encode_descriptors(rows, CODEBOOK)
        assert np.array_equal(together.words, alone.words)
        assert np.array_equal(together.signs, alone.signs)
        assert np.array_equal(together.sizes, alone.sizes)
    assert encode_images([], CODEBOOK) == ()
