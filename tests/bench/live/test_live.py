from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from bench.live.live import LiveTarget, measure_live
from bench.live.result import LiveOptions
from bench.live.scene import (
    LOOP_S,
    SceneSize,
    burn_number,
    draw_scene,
    fully_in_view_s,
    read_number,
)
from bench.live.sender import read_film, write_film
from matcher.imaging.box import Box
from matcher.results import Detection, Identification, KnownPrint, Match, StageTimes
from tests.matcher.world import WorldCatalog, identical

SMALL = SceneSize(640, 360, 5.0)
RED = np.full((80, 60, 3), (200, 30, 30), np.uint8)


class RedFinder:
    """Finds the one red thing of the scene."""

    def detect(self, image: np.ndarray) -> tuple[Detection, ...]:
        red = (image[..., 0].astype(int) - image[..., 1] > 100).astype(np.uint8)
        x, y, width, height = cv2.boundingRect(red)
        return (Detection(Box(x, y, x + width, y + height), 0.9),) if width > 20 else ()

    def match(
        self,
        image: np.ndarray,  # noqa: ARG002 -- all that is detected is red
        detections: object,
        catalog: WorldCatalog,  # noqa: ARG002
        known: Sequence[KnownPrint] = (),  # noqa: ARG002
    ) -> tuple[Match, ...]:
        assert isinstance(detections, list)
        return tuple(identical(detection, "tea", detection.box) for detection in detections)

    def survey(
        self,
        image: np.ndarray,
        catalog: WorldCatalog,
        known: Sequence[KnownPrint] = (),  # noqa: ARG002
    ) -> Identification:
        found = self.match(image, list(self.detect(image)), catalog)
        return Identification(found, catalog.index_version, StageTimes())


@pytest.mark.parametrize("number", [0, 1, 499, 65_535])
def test_a_number_in_a_picture_survives_its_encoding(number: int) -> None:
    image = np.random.default_rng(number).integers(0, 256, (360, 640, 3), np.uint8)
    burn_number(image, number)
    code = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 60])[1]
    assert read_number(np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8)) == number


def test_a_picture_without_a_number_has_none() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (360, 640, 3), np.uint8)
    assert read_number(noise) is None
    assert read_number(np.zeros((10, 10, 3), np.uint8)) is None


def test_the_product_is_wholly_in_view_when_the_scene_says_so_and_gone_at_the_end() -> None:
    frames = list(draw_scene({"tea": RED}, SMALL))
    assert len(frames) == LOOP_S * SMALL.rate
    finder = RedFinder()
    assert finder.detect(frames[0]) == ()
    (seen,) = finder.detect(frames[int(np.ceil(fully_in_view_s(0) * SMALL.rate))])
    assert seen.box.right < SMALL.width
    assert finder.detect(frames[-1]) == ()


def test_a_film_is_read_as_it_was_written(tmp_path: Path) -> None:
    pictures = [b"one", b"", b"three"]
    write_film(tmp_path / "film", pictures)
    assert read_film(tmp_path / "film") == pictures


@pytest.mark.soak
def test_two_cameras_are_measured_beside_one_path() -> None:
    target = LiveTarget(RedFinder(), WorldCatalog(), {"tea": RED})
    result = measure_live(LiveOptions(sources=2, size=SMALL, minutes=0.4), target)
    assert len(result.sessions) == 2
    assert result.baseline is not None
    for figures in (*result.sessions, result.total):
        assert figures.processed_fps > 3
        assert 0 < figures.glass_to_event_p95_ms < 2000
        assert figures.confirmed >= 1
    assert result.evenness < 0.2
    assert {"sessions", "total", "baseline", "evenness"} <= set(result.to_json())
    assert len(result.table().rows) == 4
