from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.training import shop
from training.render.clip import make_film, render_clip
from training.render.scene import script
from training.render.scene.film import ShopFilm
from training.render.scene.geometry import PinholeCamera, Pose, body_of
from training.render.scene.hand import HandColours, make_hand
from training.render.scene.lens import Sensor, blurred, blurred_layer, streak
from training.render.scene.light import Lamp, Lighting
from training.render.scene.path import Path as Course
from training.render.scene.path import Tremor
from training.render.scene.raster import Layer, draw_body, lay_over
from training.render.scene.truth import TrueSighting, Truth, TruthFrame, find_appearances

KNOWN = frozenset(product.product_id for product in shop.products())
LIGHT = Lighting(0.8, (Lamp((0.0, -0.5, -1.0), 0.3),))


@cache
def film() -> ShopFilm:
    return make_film(shop.products(), shop.stranger(), shop.SEED, 640, 360)


@cache
def frame_at(seconds: float) -> tuple[NDArray[np.uint8], TruthFrame]:
    return film().draw(round(seconds * script.FRAME_RATE))


@cache
def sampled() -> tuple[TruthFrame, ...]:
    """The truth of every fifth frame."""
    return tuple(film().draw(index)[1] for index in range(0, film().frame_count, 5))


def sightings_of(product_id: str) -> list[TrueSighting]:
    return [
        each for frame in sampled() for each in frame.sightings if each.product_id == product_id
    ]


def test_the_film_lasts_between_20_and_25_seconds() -> None:
    assert 20 <= film().frame_count / script.FRAME_RATE <= 25


def test_one_twin_comes_without_the_other_and_one_product_is_in_no_catalog() -> None:
    seen = {each.product_id for frame in sampled() for each in frame.sightings}
    in_view = [product for product in shop.products() if product.product_id in seen]
    assert len([product for product in in_view if product.twin is not None]) == 1
    assert not any(product.twin in seen for product in in_view)
    assert seen - KNOWN == {shop.stranger().product_id}
    assert len(in_view) >= 8


def test_the_twin_is_alone_in_view() -> None:
    twin = next(
        each.product_id for each in shop.products() if each.twin and sightings_of(each.product_id)
    )
    for frame in sampled():
        names = {each.product_id for each in frame.sightings}
        if twin in names:
            assert names == {twin}


def test_every_product_in_view_is_shown_large_and_whole_for_a_second() -> None:
    for product_id in {each.product_id for frame in sampled() for each in frame.sightings}:
        whole = [each for each in sightings_of(product_id) if each.visible >= 0.8]
        assert len(whole) >= 5, product_id
        area = max(float(cv2.contourArea(each.outline)) for each in whole)
        assert area > 0.02 * film().width * film().height, product_id


def test_a_hand_covers_a_part_of_what_it_holds() -> None:
    held = [each for each in sightings_of("lumera-orange") if each.visible > 0.5]
    assert held
    assert max(each.visible for each in held) < 0.97


def test_something_passes_in_front_of_a_shelved_product() -> None:
    def inside(sighting: TrueSighting) -> bool:
        low, high = sighting.outline.min(axis=0), sighting.outline.max(axis=0)
        return bool((low > 0).all() and high[0] < film().width and high[1] < film().height)

    shelved = {each.product_id for each in script.SHELF}
    covered = [
        each
        for frame in sampled()
        for each in frame.sightings
        if each.product_id in shelved and inside(each) and each.visible < 0.9
    ]
    assert covered


def test_outlines_lie_where_the_product_was_drawn() -> None:
    picture, frame = frame_at(19.0)
    (sighting,) = frame.sightings
    assert sighting.product_id == shop.stranger().product_id
    mask = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(sighting.outline).astype(np.int32)], 1)
    purple = (picture[..., 2] > picture[..., 1] + 40) & (picture[..., 0] > picture[..., 1] + 10)
    assert purple[mask == 1].mean() > 0.15
    assert purple[mask == 0].mean() < 0.01


def test_a_frame_is_the_same_whenever_it_is_drawn() -> None:
    picture, frame = frame_at(12.5)
    again, truth = film().draw(round(12.5 * script.FRAME_RATE))
    assert np.array_equal(picture, again)
    assert np.array_equal(frame.sightings[0].outline, truth.sightings[0].outline)


def test_the_camera_never_holds_still() -> None:
    first, second = frame_at(1.0)[1], frame_at(1.04)[1]
    before = {each.instance: each.outline.mean(axis=0) for each in first.sightings}
    moves = [
        float(np.linalg.norm(each.outline.mean(axis=0) - before[each.instance]))
        for each in second.sightings
        if each.instance in before
    ]
    assert min(moves) > 0.1


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


def test_a_glare_crosses_a_held_product() -> None:
    bright = []
    for seconds in (21.7, 22.1, 22.5, 22.8):
        picture, frame = frame_at(seconds)
        mask = np.zeros(picture.shape[:2], np.uint8)
        for sighting in frame.sightings:
            cv2.fillPoly(mask, [np.round(sighting.outline).astype(np.int32)], 1)
        bright.append(float((picture[mask == 1].min(axis=1) > 225).mean()))
    assert max(bright) > min(bright) + 0.02


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


def test_fingertips_show_around_narrow_packages_only() -> None:
    rng = np.random.default_rng(1)
    narrow, wide = make_hand(0.09, HandColours(), rng), make_hand(0.17, HandColours(), rng)
    assert (narrow.before[..., 3] > 127).sum() > (wide.before[..., 3] > 127).sum() * 1.3


def test_a_course_passes_its_places_and_holds_at_its_ends() -> None:
    course = Course((0.0, 1.0, 2.0), ((0.0, 0.0), (1.0, 2.0), (1.0, 4.0)))
    assert np.allclose(course.at(1.0), (1.0, 2.0))
    assert np.allclose(course.at(-1.0), (0.0, 0.0))
    assert np.allclose(course.at(9.0), (1.0, 4.0))


def test_a_tremor_is_smooth_and_of_unit_size() -> None:
    tremor = Tremor(2, np.random.default_rng(0))
    values = np.array([tremor.at(time) for time in np.arange(0, 60, 0.02)])
    assert 0.5 < float(values.std()) < 1.5
    assert float(np.abs(np.diff(values, axis=0)).max()) < 0.4


def frames_with(shares: list[float]) -> tuple[TruthFrame, ...]:
    square = np.array([[0, 0], [9, 0], [9, 9], [0, 9]], np.float32)
    return tuple(
        TruthFrame(index, index / 10, (TrueSighting("tea", 1, square, share),) if share else ())
        for index, share in enumerate(shares)
    )


def test_an_appearance_lasts_from_the_first_frame_in_view_to_the_last() -> None:
    shares = [0.0, 0.1, *[0.3] * 5, *[1.0] * 12, 0.3, 0.1]
    (appearance,) = find_appearances(frames_with(shares), frozenset({"tea"}), 10)
    assert (appearance.product_id, appearance.known) == ("tea", True)
    assert (appearance.from_s, appearance.to_s) == (0.2, 1.9)


def test_a_product_that_is_never_seen_well_has_no_appearance() -> None:
    assert find_appearances(frames_with([0.5] * 40), frozenset(), 10) == ()


def test_a_product_that_comes_back_appears_twice_and_a_blink_does_not_count() -> None:
    blink = [*[1.0] * 12, *[0.0] * 5, *[1.0] * 12]
    gone = [*[1.0] * 12, *[0.0] * 15, *[1.0] * 12]
    assert len(find_appearances(frames_with(blink), frozenset(), 10)) == 1
    twice = find_appearances(frames_with(gone), frozenset(), 10)
    assert len(twice) == 2
    assert not twice[0].known


def test_an_outline_knows_what_lies_inside() -> None:
    sighting = frames_with([1.0])[0].sightings[0]
    assert sighting.covers(4, 4)
    assert not sighting.covers(12, 4)


def test_truth_survives_its_file(tmp_path: Path) -> None:
    frames = sampled()[:6]
    appearances = find_appearances(frames, KNOWN, 5)
    truth = Truth(640, 360, 5.0, frames, appearances)
    truth.write(tmp_path / "truth.json")
    read = Truth.read(tmp_path / "truth.json")
    assert (read.width, read.height, read.frame_rate) == (640, 360, 5.0)
    assert read.appearances == appearances
    first, again = frames[0].sightings[0], read.frames[0].sightings[0]
    assert (first.product_id, first.instance) == (again.product_id, again.instance)
    assert np.allclose(first.outline, again.outline, atol=0.06)


def test_a_file_that_is_no_truth_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "odd.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match=r"odd\.json"):
        Truth.read(tmp_path / "odd.json")


def test_the_written_clip_is_h264_with_every_frame_at_its_time(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    path = tmp_path / "clip.mp4"
    truth = render_clip(path, film(), KNOWN, lambda *step: steps.append(step), frame_count=30)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        times = [float(frame.time or 0) for frame in container.decode(video=0)]
    assert len(times) == len(truth.frames) == 30
    assert np.allclose(times, [frame.media_time_s for frame in truth.frames], atol=1e-3)
    assert steps[-1] == (30, 30)
    assert (truth.width, truth.height) == (640, 360)
