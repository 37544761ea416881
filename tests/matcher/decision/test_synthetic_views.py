import numpy as np

from catalog.encodings.encoding import ReferenceCrop
from matcher.decision.synthetic_views import draw_view
from tests.matcher.prints import printed


def crop() -> ReferenceCrop:
    outline = np.array([[0, 0], [240, 0], [240, 320], [0, 320]], np.float32)
    mask = np.ones((32, 24), np.bool_)
    return ReferenceCrop(outline, 240, 320, np.eye(3), np.zeros(1, np.uint8), mask)


def test_a_view_is_a_picture_of_its_own_for_every_seed() -> None:
    first, again, other = (
        draw_view(printed(1), crop(), np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert first.shape == (480, 480, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
