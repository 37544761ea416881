import numpy as np

from training.augment.reproduction import Reproduction, draw_reproduction, reproduce

PICTURE = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
FAITHFUL = Reproduction(np.eye(3, dtype=np.float32), np.ones(3, np.float32), 1.0, 0.0, 1.0)


def test_a_faithful_printing_changes_nothing() -> None:
    assert np.abs(reproduce(PICTURE, FAITHFUL).astype(int) - PICTURE).max() <= 1


def test_a_printing_has_the_levels_of_its_paper_and_ink() -> None:
    printing = Reproduction(FAITHFUL.inks, FAITHFUL.gamma, 1.0, 0.1, 0.8)
    levels = reproduce(np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8), printing) / 255
    np.testing.assert_allclose(levels[0, :, 0], [0.1, 0.8], atol=0.01)


def test_without_saturation_all_is_grey() -> None:
    grey = reproduce(PICTURE, Reproduction(FAITHFUL.inks, FAITHFUL.gamma, 0.0, 0.0, 1.0))
    assert (np.ptp(grey.astype(int), axis=2) <= 1).all()


def test_one_printing_of_two_pictures_changes_both_alike() -> None:
    printing = draw_reproduction(np.random.default_rng(3))
    both = np.concatenate([PICTURE, PICTURE[::-1]])
    together = reproduce(both, printing)
    np.testing.assert_array_equal(together[:20], reproduce(PICTURE, printing))
    np.testing.assert_array_equal(together[20:], reproduce(PICTURE[::-1], printing))
    assert np.abs(together[:20].astype(int) - PICTURE).mean() > 5
