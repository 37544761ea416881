"""Drawing bodies into pictures."""

import cv2
import numpy as np
import pytest

from tests.training import shop
from training.render.scene.geometry import PinholeCamera, Pose, body_of
from training.render.scene.light import Lamp, Lighting
from training.render.scene.raster import draw_body, lay_over

LIGHT = Lighting(0.8, (Lamp((0.0, -0.5, -1.0), 0.3),))


def test_a_body_behind_the_edge_of_the_picture_is_not_drawn() -> None:
    camera = PinholeCamera(Pose.at(np.zeros(3)), 300, 200, 100)
    body = body_of(shop.product("brisq-alpine").solid)
    aside = body.moved(Pose.at(np.array([5.0, 0.0, 1.0])))
    ahead = body.moved(Pose.at(np.array([0.0, 0.0, 1.0])))
    assert draw_body(aside, camera, LIGHT) is None
    layer = draw_body(ahead, camera, LIGHT)
    assert layer is not None
    canvas = np.zeros((100, 200, 3), np.uint8)
    lay_over(canvas, layer)
    assert canvas[50, 100].max() > 60
    assert canvas[2, 2].max() == 0


@pytest.mark.parametrize("product_id", ["brisq-alpine", "northbean-dark", "pastello-penne"])
def test_the_outline_of_a_body_is_what_it_covers(product_id: str) -> None:
    camera = PinholeCamera(Pose.at(np.zeros(3)), 600, 400, 400)
    place = Pose.at(np.array([0.02, 0.01, 0.7]), 0.4, 0.1, 0.2)
    body = body_of(shop.product(product_id).solid).moved(place)
    layer = draw_body(body, camera, LIGHT)
    assert layer is not None
    whole = np.zeros((400, 400), np.uint8)
    rows, columns = layer.alpha.shape
    whole[layer.top : layer.top + rows, layer.left : layer.left + columns] = layer.alpha
    outline = np.zeros_like(whole)
    cv2.fillPoly(outline, [np.round(body.outline(camera)).astype(np.int32)], 255)
    assert ((whole > 127) != (outline > 127)).mean() < 0.005
