"""The rendered hand."""

import numpy as np

from training.render.scene.hand import HandColours, make_hand


def test_fingertips_show_around_narrow_packages_only() -> None:
    rng = np.random.default_rng(1)
    narrow, wide = make_hand(0.09, HandColours(), rng), make_hand(0.17, HandColours(), rng)
    assert (narrow.before[..., 3] > 127).sum() > (wide.before[..., 3] > 127).sum() * 1.3
