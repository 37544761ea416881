import cv2
import numpy as np

from matcher.imaging.box import Box
from matcher.results import Detection, Match
from matcher.tracking.appearance import CROP_SIDE, Appearance, Sighting, encode_crop
from tests.matcher.world import identical, unknown

BOX = Box(100, 100, 180, 200)
IMAGE = np.random.default_rng(3).integers(0, 256, (360, 640, 3)).astype(np.uint8)


def appearance() -> Appearance:
    first = Sighting(0, 0.0, BOX, np.zeros((0, 2), np.float32))
    return Appearance(1, first, first, BOX, [1], [1])


def seen_at(time: float) -> Sighting:
    return Sighting(round(25 * time), time, BOX, np.zeros((0, 2), np.float32))


def proof(name: str = "tea", probability: float = 0.98) -> Match:
    return identical(Detection(BOX, 0.9), name, BOX, probability)


def test_the_clearest_view_of_the_leading_product_is_kept() -> None:
    one = appearance()
    views = (proof("tea", 0.8), proof("tea", 0.98), proof("cola", 0.9), unknown(Detection(BOX, 1)))
    for second, match in enumerate(views):
        one.add_match(match, seen_at(float(second)), IMAGE)
    assert one.best is not None
    assert one.best.sighting.media_time_s == 1.0
    assert one.votes.looks == 4


def test_an_older_appearance_takes_over_tracks_votes_and_place() -> None:
    older, younger = appearance(), appearance()
    younger.live, younger.track_ids = [2], [2]
    younger.last, younger.place = seen_at(3.0), Box(200, 100, 280, 200)
    older.in_view, older.severed = False, True
    younger.add_match(proof(), seen_at(3.0), IMAGE)
    older.absorb(younger)
    assert (older.live, older.track_ids) == ([2, 1], [1, 2])
    assert (older.in_view, older.severed) == (True, False)
    assert (older.last, older.place) == (younger.last, younger.place)
    assert older.votes.looks == 1
    assert older.best is younger.best


def test_a_crop_has_a_margin_stays_in_the_picture_and_is_bounded() -> None:
    box, jpeg = encode_crop(IMAGE, BOX)
    assert (box.left, box.right) < (100, 200)
    assert box.iou(BOX) > 0.7
    at_rim, _ = encode_crop(IMAGE, Box(-30, -30, 60, 60))
    assert (at_rim.left, at_rim.top) == (0, 0)
    large = np.zeros((1500, 2000, 3), np.uint8)
    _, jpeg = encode_crop(large, Box(0, 0, 2000, 1500))
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    assert max(decoded.shape) == CROP_SIDE
