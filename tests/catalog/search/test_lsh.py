import numpy as np

from catalog.search.lsh import BANDS, Hyperplanes, choose_bits
from tests.catalog.support.vectors import DIMENSION, shop


def test_codes_are_the_same_every_time() -> None:
    _, vectors = shop(3)
    codes = Hyperplanes(DIMENSION).codes(vectors)
    assert codes.shape == (3, BANDS)
    assert np.array_equal(Hyperplanes(DIMENSION).codes(vectors), codes)


def test_the_first_probe_is_the_code_itself() -> None:
    _, vectors = shop(1)
    planes = Hyperplanes(DIMENSION)
    probes = planes.probes(vectors[0])
    assert np.array_equal(probes[0], planes.codes(vectors)[0])
    assert len({probe.tobytes() for probe in probes}) == len(probes)


def test_codes_grow_with_the_number_of_vectors() -> None:
    assert [choose_bits(size) for size in (0, 1000, 100_000, 1_000_000, 10**9)] == [
        12,
        12,
        14,
        17,
        18,
    ]
