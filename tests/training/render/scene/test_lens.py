"""The rendered camera: grain, drift and smear."""

import numpy as np

from training.render.scene.lens import Sensor, blurred, blurred_layer, streak
from training.render.scene.raster import Layer


def test_the_sensor_grains_and_drifts() -> None:
    sensor = Sensor(96, 64, seed=1)
    scene = np.full((64, 96, 3), 120, np.uint8)
    first = sensor.expose(scene, 0, 1.0, 0.0)
    second = sensor.expose(scene, 1, 1.0, 0.0)
    brighter = sensor.expose(scene, 0, 1.2, 0.0)
    redder = sensor.expose(scene, 0, 1.0, 0.05)
    assert not np.array_equal(first, second)
    assert 1.0 < float(first[20:40, 30:60].astype(float).std()) < 8.0
    assert brighter.mean() > first.mean() + 5
    assert (
        redder[..., 0].mean() - redder[..., 2].mean() > first[..., 0].mean() - first[..., 2].mean()
    )


def test_a_short_movement_is_not_smeared_and_a_long_one_is_along_its_way() -> None:
    assert streak(np.array([0.3, 0.2])) is None
    dot = np.zeros((41, 41, 3), np.uint8)
    dot[20, 20] = 255
    smeared = blurred(dot, np.array([12.0, 0.0]))
    rows, columns = np.nonzero(smeared[..., 0] > 4)
    assert columns.max() - columns.min() >= 10
    assert rows.max() - rows.min() <= 2
    assert blurred(dot, np.zeros(2)) is dot


def test_a_smeared_layer_keeps_its_cover_and_stays_in_the_picture() -> None:
    colour, alpha = np.full((10, 10, 3), 200, np.uint8), np.full((10, 10), 255, np.uint8)
    layer = blurred_layer(Layer(colour, alpha, 45, 20), np.array([8.0, 0.0]), 60, 60)
    assert layer.left + layer.alpha.shape[1] <= 60
    assert abs(float(layer.alpha.sum()) / 255 - 100) < 6
