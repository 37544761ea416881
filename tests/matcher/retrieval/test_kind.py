"""The kind of a reference picture: packshot, photo, or whole."""

from collections.abc import Sequence

import cv2
import numpy as np

from catalog.records.kept import KeptBy, ReferenceKind
from matcher.imaging.box import Box
from matcher.results import Detection
from matcher.retrieval.foreground import take_box
from matcher.retrieval.kind import KeptPart, ReferencePictureEvidence, decide_kind
from tests.matcher.prints import Image, flat, pasted, photographed, printed, root_sift, upright

PLACE = upright(200, 100, 210, 280)
BOX = Box(200, 100, 410, 380)


def decided(
    image: Image, boxes: Sequence[tuple[Box, float]] = (), *, is_thing: bool = False
) -> KeptPart:
    points = root_sift().extract(image, 1500).points
    detections = [Detection(box, confidence) for box, confidence in boxes]
    evidence = ReferencePictureEvidence(
        image, lambda: points, lambda: detections, lambda: None, is_thing
    )
    return decide_kind(evidence)


def on_white(*placed: tuple[int, float, float, float, float]) -> Image:
    scene = flat(640, 480, 250)
    for seed, left, top, width, height in placed:
        scene = pasted(scene, printed(seed), upright(left, top, width, height))
    return scene


def framed_portraits() -> Image:
    """A cover that is printed all over, with four framed pictures on it."""
    cover = np.ascontiguousarray(cv2.resize(printed(3), (480, 640))).astype(np.uint8)
    for seed, left, top in ((4, 60, 90), (5, 270, 90), (6, 60, 340), (7, 270, 340)):
        cover[top - 6 : top + 216, left - 6 : left + 156] = 20
        small = np.asarray(cv2.resize(printed(seed), (150, 210)), np.uint8)
        cover[top : top + 210, left : left + 150] = small
    return cover


def test_one_thing_on_plain_ground_is_a_packshot() -> None:
    part = decided(on_white((1, 200, 100, 210, 280)))
    assert (part.kept.kind, part.kept.by) == (ReferenceKind.PACKSHOT, KeptBy.GROUND)
    assert part.kept.share > 0.98
    assert Box.around(part.place.outline).iou(BOX) > 0.95


def test_print_on_all_of_a_picture_is_whole() -> None:
    part = decided(printed(1))
    assert (part.kept.kind, part.kept.by) == (ReferenceKind.WHOLE, KeptBy.NOTHING)
    assert part.place.mask.all()


def test_a_portrait_on_a_cover_is_not_taken_for_the_product() -> None:
    portraits = [(Box(60 + 210 * x, 90, 210 + 210 * x, 300), 0.8 - 0.1 * x) for x in (0, 1)]
    for boxes in (portraits, portraits[:1]):
        assert decided(framed_portraits(), boxes).kept.kind is ReferenceKind.WHOLE


def test_a_cover_with_plain_top_and_bottom_is_whole() -> None:
    cover = flat(420, 600, 30)
    cover[90:510] = cv2.resize(printed(2), (420, 420))
    cover = np.asarray(cv2.putText(cover, "OAT AND TEA", (60, 60), 2, 1.2, (250, 250, 250), 2))
    assert decided(cover).kept.kind is ReferenceKind.WHOLE


def test_a_pack_that_touches_two_sides_of_blank_ground_is_a_packshot() -> None:
    part = decided(on_white((1, 150, 0, 330, 480)))
    assert part.kept.kind is ReferenceKind.PACKSHOT
    assert Box.around(part.place.outline).iou(Box(150, 0, 480, 480)) > 0.95


def test_beside_print_the_detector_decides_on_a_pack_that_touches_two_sides() -> None:
    pack = on_white((1, 150, 0, 330, 480), (3, 540, 200, 60, 90))
    assert decided(pack).kept.kind is ReferenceKind.WHOLE
    part = decided(pack, [(Box(145, 0, 490, 480), 0.8)])
    assert part.kept.kind is ReferenceKind.PACKSHOT
    assert Box.around(part.place.outline).iou(Box(150, 0, 480, 480)) > 0.95


def test_title_and_face_on_plain_ground_are_no_packshot() -> None:
    cover = on_white((1, 60, 30, 500, 120), (2, 200, 250, 240, 200))
    assert decided(cover).kept.kind is ReferenceKind.WHOLE
    assert decided(cover, [(Box(200, 250, 440, 450), 0.9)]).place.mask[60, 300]


def test_a_small_printed_piece_beside_a_packshot_is_kept_and_dust_is_not() -> None:
    picture = on_white((1, 120, 60, 300, 360), (3, 480, 120, 60, 60))
    picture[300:320, 500:520] = 0
    mask = decided(picture, [(Box(120, 60, 420, 420), 0.8)]).place.mask
    assert mask[150, 510]
    assert not mask[310, 510]


def test_a_thing_before_quiet_ground_is_a_photo_where_the_detector_is_sure() -> None:
    picture = photographed(printed(1), PLACE)
    part = decided(picture, [(BOX, 0.6)])
    assert (part.kept.kind, part.kept.by) == (ReferenceKind.PHOTO, KeptBy.DETECTOR)
    assert Box.around(part.place.outline) == BOX
    assert decided(picture, [(BOX, 0.2)]).kept.kind is ReferenceKind.WHOLE


def test_beside_references_of_a_thing_the_detector_need_not_be_sure() -> None:
    picture = photographed(printed(1), PLACE)
    part = decided(picture, [(BOX, 0.2)], is_thing=True)
    assert part.kept.kind is ReferenceKind.PHOTO
    assert not part.place.sure


def test_a_neighbour_on_one_side_is_left_out() -> None:
    scene = pasted(photographed(printed(1), PLACE), printed(8), upright(450, 120, 120, 160))
    part = decided(scene, [(BOX, 0.8)])
    assert part.kept.kind is ReferenceKind.PHOTO
    assert not part.place.mask[200, 500]


def test_a_cut_that_loses_most_keypoints_is_not_made_and_named() -> None:
    scene = pasted(photographed(printed(1), upright(40, 40, 500, 400)), flat(), PLACE)
    part = decided(scene, [(Box(190, 90, 430, 400), 0.9)], is_thing=True)
    assert (part.kept.kind, part.kept.by) == (ReferenceKind.WHOLE, KeptBy.DOUBT)
    assert part.place.mask.all()


def test_where_other_references_agree_is_kept_however_small() -> None:
    picture = photographed(printed(1), PLACE)
    agreed = take_box(Box(210, 110, 300, 200), picture)
    points = root_sift().extract(picture, 1500).points
    part = decide_kind(ReferencePictureEvidence(picture, lambda: points, tuple, lambda: agreed))
    assert (part.kept.kind, part.kept.by) == (ReferenceKind.PHOTO, KeptBy.SIBLINGS)
    assert part.place is agreed


def test_a_picture_of_one_colour_is_whole() -> None:
    assert decided(flat(640, 480, 250)).kept.kind is ReferenceKind.WHOLE


def test_print_on_a_colour_that_touches_every_side_is_no_packshot() -> None:
    label = on_white((1, 0, 60, 200, 300), (2, 420, 0, 220, 200), (3, 150, 260, 300, 220))
    assert decided(label, [(Box(0, 0, 640, 480), 0.8)]).kept.kind is ReferenceKind.WHOLE
