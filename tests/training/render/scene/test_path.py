"""Courses and tremor."""

import numpy as np

from training.render.scene.path import Path as Course
from training.render.scene.path import Tremor


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
