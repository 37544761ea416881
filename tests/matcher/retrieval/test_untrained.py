"""What stands in for the networks, and the stopwatch."""

import numpy as np
import pytest

from matcher.detection.proposals import PrintDetector
from matcher.imaging.box import Box
from matcher.results import Stopwatch
from matcher.retrieval.untrained import ColourEmbedder
from tests.matcher.prints import flat, held_up, pasted, printed, upright


def test_dense_print_is_proposed() -> None:
    photo = pasted(flat(640, 480), printed(1), upright(60, 80, 150, 200))
    photo = pasted(photo, printed(2), upright(400, 200, 150, 200))
    boxes = [one.box for one in PrintDetector().detect(photo)]
    for truth in (Box(60, 80, 210, 280), Box(400, 200, 550, 400)):
        assert max(one.iou(truth) for one in boxes) > 0.5


def test_proposals_are_few_distinct_and_surest_first() -> None:
    found = PrintDetector().detect(held_up(printed(1)))
    assert len(found) <= 12
    confidences = [one.confidence for one in found]
    assert confidences == sorted(confidences, reverse=True)
    assert all(0 <= one <= 1 for one in confidences)


@pytest.mark.parametrize("size", [(16, 16), (640, 480)])
def test_a_flat_picture_has_no_proposals(size: tuple[int, int]) -> None:
    assert PrintDetector().detect(flat(*size)) == ()


def test_pictures_of_one_product_embed_closer_than_of_two() -> None:
    vectors = ColourEmbedder().embed([printed(1), printed(1, 240, 320)[4:, 4:], printed(2)])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.02


def test_a_flat_and_a_tiny_picture_have_finite_embeddings() -> None:
    vectors = ColourEmbedder().embed([flat(), flat(1, 1, 0)])
    assert np.isfinite(vectors).all()


def test_no_pictures_no_embeddings() -> None:
    embedder = ColourEmbedder()
    assert embedder.embed([]).shape == (0, embedder.embed([flat()]).shape[1])


def test_a_stopwatch_adds_up_stages_even_when_one_fails() -> None:
    watch = Stopwatch()
    with watch.stage("embed"):
        pass
    with pytest.raises(KeyError), watch.stage("verify"):
        raise KeyError
    once = watch.times()
    with watch.stage("embed"):
        sum(range(1000))
    twice = watch.times()
    assert twice.embed > once.embed > 0
    assert once.verify > 0
    assert (once.detect, once.shortlist) == (0.0, 0.0)
    assert twice.total >= twice.embed + twice.verify
