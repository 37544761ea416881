import cv2
import numpy as np

from tests.training.miniature import in_a_shop, on_white
from training.data.cutouts import CartonLocator, cut_out, whole_picture
from training.data.prints import draw_family


def test_a_product_on_white_is_cut_out_tightly() -> None:
    image = np.full((200, 200, 3), 255, np.uint8)
    image[40:160, 70:130] = (180, 30, 40)
    cutout = cut_out(image)
    assert cutout is not None
    assert abs(cutout.image.shape[0] - 120) <= 4
    assert abs(cutout.image.shape[1] - 60) <= 4
    assert (cutout.mask > 0).mean() > 0.9


def test_a_white_panel_inside_the_product_stays_product() -> None:
    image = np.full((200, 200, 3), 255, np.uint8)
    image[40:160, 60:140] = (20, 90, 160)
    image[80:120, 80:120] = 255
    cutout = cut_out(image)
    assert cutout is not None
    assert cutout.mask[60, 40] == 255


def test_a_busy_background_cannot_be_cut_away() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (120, 120, 3), np.uint8)
    assert cut_out(noise) is None


def test_an_empty_picture_holds_no_product() -> None:
    assert cut_out(np.full((100, 100, 3), 255, np.uint8)) is None


def test_the_whole_picture_is_its_own_cutout() -> None:
    assert whole_picture(np.zeros((5, 7, 3), np.uint8)).mask.all()


def test_a_carton_is_located_in_a_photo() -> None:
    print_ = _detailed_print()
    photo = in_a_shop(print_, 3)
    outline = CartonLocator(on_white(print_)).locate(photo)
    assert outline is not None
    rng = np.random.default_rng(3)
    rng.integers(0, 255, (340, 340, 3), np.uint8)
    left, top = (int(x) for x in rng.integers(20, 100, 2))
    assert np.abs(outline.min(axis=0) - [left, top]).max() < 8


def test_a_carton_is_not_located_where_it_is_not() -> None:
    locator = CartonLocator(on_white(_detailed_print()))
    assert locator.locate(np.full((300, 300, 3), 200, np.uint8)) is None
    assert locator.locate(in_a_shop(draw_family(9, 1)[0], 1)) is None


def _detailed_print() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Corners enough for fifty keypoints."""
    rng = np.random.default_rng(1)
    cells = rng.integers(0, 255, (12, 8, 3), np.uint8)
    return np.asarray(cv2.resize(cells, (120, 190), interpolation=cv2.INTER_NEAREST), np.uint8)
