import numpy as np

from training.data.prints import draw_family
from training.decision.captures import capture_print, stick_on

PLACE = np.random.default_rng(0).integers(0, 255, (300, 400, 3), np.uint8)


def test_a_photo_of_a_print_is_drawn_within_its_bounds() -> None:
    print_ = draw_family(1, 1)[0]
    for seed in range(6):
        photo = capture_print(print_, [PLACE], np.random.default_rng(seed))
        assert photo.dtype == np.uint8
        assert 300 <= max(photo.shape[:2]) <= 1000
        again = capture_print(print_, [PLACE], np.random.default_rng(seed))
        assert np.array_equal(photo, again)


def test_a_piece_of_another_print_is_stuck_on_and_the_rest_stays() -> None:
    bearer, other = np.zeros((120, 90, 3), np.uint8), np.full((200, 300, 3), 255, np.uint8)
    branded = stick_on(bearer, other, np.random.default_rng(2))
    share = (branded > 0).mean()
    assert 0.01 < share < 0.5
    assert not bearer.any(), "the bearer itself is left alone"
