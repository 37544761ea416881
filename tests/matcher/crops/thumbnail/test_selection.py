import numpy as np

from matcher.crops.thumbnail.aspect import Aspect
from matcher.crops.thumbnail.candidates import largest_window
from matcher.crops.thumbnail.faces import FoundFace
from matcher.crops.thumbnail.pleasure import FramerSettings
from matcher.crops.thumbnail.saliency import even_saliency
from matcher.crops.thumbnail.selection import select_windows
from matcher.crops.thumbnail.thumbnail import PictureScene
from matcher.imaging.box import Box
from matcher.results import Detection

WIDE = Aspect.parse("16:9")


def scene(faces: tuple[Box, ...] = (), products: tuple[Box, ...] = ()) -> PictureScene:
    return PictureScene(
        640,
        480,
        even_saliency(640, 480),
        tuple(FoundFace(box, 0.9) for box in faces),
        tuple(Detection(box, 0.9) for box in products),
    )


def test_without_a_reason_only_the_largest_windows_are_chosen_from() -> None:
    windows = select_windows(scene(), WIDE, FramerSettings())
    across, _ = largest_window(640, 480, WIDE.ratio)
    assert (windows[:, 2] - windows[:, 0] == across).all()


def test_a_face_that_fits_asks_for_no_smaller_window() -> None:
    windows = select_windows(scene((Box(300, 200, 340, 250),)), WIDE, FramerSettings())
    assert (windows[:, 2] - windows[:, 0] == 640).all()


def test_a_face_that_fits_nowhere_is_centred() -> None:
    face = Box(200, 20, 460, 440)
    windows = select_windows(scene((face,)), WIDE, FramerSettings())
    middles = (windows[:, 1] + windows[:, 3]) / 2
    assert np.abs(middles - 230).max() <= 1


def test_a_product_that_every_large_window_cuts_asks_for_smaller_ones() -> None:
    across, _ = largest_window(640, 480, 1.0)
    edge = Box(100, 0, 600, 480)
    windows = select_windows(scene(products=(edge,)), Aspect.parse("1:1"), FramerSettings())
    assert (windows[:, 2] - windows[:, 0]).min() < across
