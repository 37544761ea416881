import cv2
import numpy as np
import pytest

from catalog.encodings.encoding import Encoding
from catalog.records.kept import KeptBy, KeptChoice, ReferenceCut, ReferenceKind
from matcher.imaging.box import Box
from matcher.retrieval.encoder import reference_encoder
from matcher.retrieval.multi_crop import embed_multi_crop
from matcher.retrieval.reference import load_reference
from matcher.retrieval.untrained import ColourEmbedder
from tests.matcher.prints import (
    FixedDetector,
    Image,
    encoder,
    flat,
    pasted,
    photographed,
    printed,
    root_sift,
    upright,
)

PLACE = upright(200, 100, 210, 280)
BOX = Box(200, 100, 410, 380)


def boxed(encoding: Encoding) -> Box:
    return Box.around(encoding.crop.outline)


def on_white(product: Image) -> Image:
    return pasted(flat(640, 480, 250), product, PLACE)


def test_a_product_on_a_plain_background_is_found_exactly() -> None:
    made = encoder().encode(on_white(printed(1)), ())
    assert boxed(made).iou(BOX) > 0.95
    assert made.crop.mask.mean() > 0.8


def test_a_sibling_finds_the_product_in_a_photo() -> None:
    first = encoder().encode(printed(1), ())
    second = encoder().encode(photographed(printed(1), PLACE), (first,))
    assert boxed(second).iou(BOX) > 0.9


def test_a_shelf_that_a_sibling_kept_is_not_taken_for_the_product() -> None:
    """Two photos before one shelf: the first was not cut, and more of it agrees than the pack."""
    shelf = photographed(printed(8, 640, 480), upright(0, 0, 640, 480))
    pack = encoder().encode(on_white(printed(1)), ())
    everything = FixedDetector(((Box(0, 0, 640, 480), 0.3),))
    uncut = encoder(everything).encode(pasted(shelf, flat(), PLACE), (pack,))
    assert uncut.crop.kept is not None
    assert uncut.crop.kept.by is KeptBy.DETECTOR
    made = encoder().encode(pasted(shelf, printed(1), PLACE), (pack, uncut))
    assert boxed(made).iou(BOX) > 0.9


def test_without_a_sibling_match_the_detector_finds_the_product() -> None:
    stranger = encoder().encode(on_white(printed(7)), ())
    detector = FixedDetector(((Box(0, 0, 60, 60), 0.9), (BOX, 0.6), (Box(0, 0, 640, 480), 0.01)))
    made = encoder(detector).encode(photographed(printed(1), PLACE), (stranger,))
    assert boxed(made).iou(BOX) > 0.95


def test_beside_a_box_that_the_detector_is_half_sure_of_the_whole_picture_is_embedded() -> None:
    picture = photographed(printed(1), PLACE)
    thing = (encoder().encode(on_white(printed(7)), ()),)
    whole, cut = encoder().encode(picture, ()), encoder(FixedDetector(((BOX, 0.6),)))
    half_sure = encoder(FixedDetector(((BOX, 0.3),))).encode(picture, thing)
    assert boxed(half_sure).iou(BOX) > 0.95
    assert half_sure.embedding == pytest.approx(whole.embedding)
    assert half_sure.embedding != pytest.approx(cut.encode(picture, thing).embedding, abs=1e-3)


def test_a_picture_of_unsure_place_is_embedded_by_crops_where_the_embedder_allows() -> None:
    picture = photographed(printed(1), PLACE)

    class Willing(ColourEmbedder):
        multi_crop_from = 0.1

    def encoded(embedder: ColourEmbedder, detector: FixedDetector) -> Encoding:
        return reference_encoder(root_sift(), embedder, detector).encode(picture, ())

    nowhere, surely = FixedDetector(), FixedDetector(((BOX, 0.6),))
    whole = ColourEmbedder().embed([picture])[0]
    assert encoded(ColourEmbedder(), nowhere).embedding == pytest.approx(whole)
    in_parts = encoded(Willing(), nowhere).embedding
    assert in_parts == pytest.approx(embed_multi_crop(picture, ColourEmbedder().embed, 0.1))
    assert in_parts != pytest.approx(whole, abs=1e-3)
    one, other = (encoded(way, surely).embedding for way in (Willing(), ColourEmbedder()))
    assert one == pytest.approx(other)


def test_with_siblings_that_do_not_match_and_no_detection_all_is_kept() -> None:
    stranger = encoder().encode(on_white(printed(7)), ())
    made = encoder().encode(photographed(printed(1), PLACE), (stranger,))
    assert boxed(made) == Box(0, 0, 640, 480)


def test_what_a_person_chose_is_kept() -> None:
    picture = photographed(printed(1), PLACE)
    corners = ((200.0, 100.0), (410.0, 100.0), (410.0, 380.0), (200.0, 380.0))
    made = encoder().encode(picture, (), KeptChoice(corners))
    assert boxed(made) == BOX
    assert made.crop.kept is not None
    assert (made.crop.kept.kind, made.crop.kept.by) == (ReferenceKind.PHOTO, KeptBy.PERSON)
    whole = encoder().encode(on_white(printed(1)), (), KeptChoice())
    assert boxed(whole) == Box(0, 0, 640, 480)
    assert whole.crop.kept == ReferenceCut(ReferenceKind.WHOLE, KeptBy.PERSON)


def test_a_first_picture_without_any_hint_is_taken_whole() -> None:
    made = encoder().encode(photographed(printed(1), PLACE), ())
    assert boxed(made) == Box(0, 0, 640, 480)
    assert made.crop.mask.all()


def test_canonical_pixels_map_exactly_onto_the_picture() -> None:
    picture = on_white(printed(1))
    crop = encoder().encode(picture, ()).crop
    corners = upright(0, 0, crop.width, crop.height)[None].astype(np.float64)
    mapped = cv2.perspectiveTransform(corners, crop.to_picture)[0]
    box = Box.around(mapped.astype(np.float32))
    region = box.crop(picture)
    assert region.shape[:2] == (round(box.height), round(box.width))
    stored = np.asarray(cv2.imdecode(crop.jpeg, cv2.IMREAD_COLOR_RGB))
    expected = cv2.resize(region, stored.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(expected.astype(float) - stored).mean() < 8
    assert box.iou(BOX.padded(0.03)) > 0.98


def test_keypoints_of_the_background_are_left_out() -> None:
    """An L of print: the box around it holds white, and a dark speck too small to be product."""
    picture = flat(640, 480, 250)
    picture = pasted(picture, printed(1), upright(120, 60, 120, 360))
    picture = pasted(picture, printed(2), upright(240, 300, 300, 120))
    picture = pasted(picture, flat(60, 60, 0), upright(440, 120, 60, 60))
    made = encoder().encode(picture, ())
    reference = load_reference(root_sift(), "p", "p-0", made)
    points = reference.features.points[None].astype(np.float64)
    x, y = cv2.perspectiveTransform(points, made.crop.to_picture)[0].T
    assert len(x) > 100
    assert not np.any((x > 270) & (y < 270))
    assert made.crop.mask.mean() < 0.75


def test_a_flat_picture_is_encoded_without_keypoints() -> None:
    made = encoder().encode(flat(), ())
    assert len(made.local.points) == 0
    assert np.isfinite(made.embedding).all()
    reference = load_reference(root_sift(), "flat", "flat-0", made)
    assert len(reference.features) == 0


@pytest.mark.parametrize("size", [(16, 16), (16, 400), (400, 16)])
def test_tiny_and_slender_pictures_are_encoded(size: tuple[int, int]) -> None:
    picture = np.ascontiguousarray(cv2.resize(printed(1), size)).astype(np.uint8)
    made = encoder().encode(picture, ())
    assert max(made.crop.width, made.crop.height) == 512
    reference = load_reference(root_sift(), "p", "p-0", made)
    assert min(reference.view.picture.shape[:2]) >= 6


def test_the_parts_name_what_made_them() -> None:
    parts = encoder().part_ids
    assert parts.networks == (ColourEmbedder().part_id, root_sift().part_id)
    assert parts.embedding.startswith("colour")
    assert parts.embedding.endswith(parts.crop)
    assert parts.crop.startswith("crop")


def test_a_reference_knows_the_product_s_corners_in_its_crop() -> None:
    made = encoder().encode(on_white(printed(1)), ())
    reference = load_reference(root_sift(), "p", "p-0", made)
    back = cv2.perspectiveTransform(reference.corners[None].astype(float), made.crop.to_picture)
    assert np.allclose(back[0], made.crop.outline, atol=1e-2)
    assert max(reference.view.picture.shape[:2]) == 192
