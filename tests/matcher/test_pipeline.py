from copy import copy
from dataclasses import replace

import cv2
import numpy as np
import pytest

from catalog.records.calibration import Calibration
from matcher.decision.decision import Decision
from matcher.decision.fit import read_weights
from matcher.imaging.box import Box
from matcher.keypoints.homography import outline_overlap
from matcher.pipeline import Pipeline, PipelineSettings
from matcher.results import Detection, KnownPrint, PrintEvidence, Verdict
from matcher.verification.word_test import WordTest
from tests.matcher.prints import (
    WEIGHTS,
    FixedDetector,
    Image,
    MemoryCatalog,
    clutter,
    flat,
    held_up,
    pasted,
    photographed,
    pipeline,
    printed,
    shop_of_twelve,
    stages,
    upright,
)
from tests.matcher.verification.test_word_test import FixedReader, word

HELD = np.array([[210, 70], [430, 90], [420, 400], [190, 380]], np.float32)


@pytest.fixture(scope="module")
def shop() -> MemoryCatalog:
    return shop_of_twelve()


@pytest.fixture(scope="module")
def nothing() -> MemoryCatalog:
    return MemoryCatalog({})


@pytest.mark.parametrize("seed", [0, 7])
def test_the_right_product_is_named_and_outlined(shop: MemoryCatalog, seed: int) -> None:
    answer = pipeline().identify(held_up(printed(seed)), shop)
    best = answer.matches[0]
    assert (best.product_id, best.verdict) == (f"p{seed}", Verdict.IDENTICAL)
    assert best.verification is not None
    assert outline_overlap(best.verification.outline, HELD) > 0.9
    assert best.verification.image_id == f"p{seed}-0"
    assert best.candidates[0].product_id == f"p{seed}"
    assert answer.index_version == shop.index_version
    assert answer.elapsed.total >= answer.elapsed.verify > 0


def test_correspondences_join_the_catalog_picture_with_the_photo(shop: MemoryCatalog) -> None:
    best = pipeline().identify(held_up(printed(3)), shop).matches[0]
    assert best.verification is not None
    pairs = best.verification.correspondences
    truth = cv2.getPerspectiveTransform(upright(0, 0, 240, 320), HELD)
    mapped = cv2.perspectiveTransform(pairs[None, :, :2].astype(np.float64), truth)[0]
    assert np.median(np.hypot(*(mapped - pairs[:, 2:]).T)) < 2


def test_a_catalog_is_answered_by_its_own_threshold(shop: MemoryCatalog) -> None:
    photo = held_up(printed(3))
    lax = pipeline().identify(photo, shop).matches[0]
    strict = copy(shop)
    strict.calibrations = {"": Calibration("", "", 0.001, 0.999999)}
    same = pipeline().identify(photo, strict).matches[0]
    assert (lax.verdict, same.verdict) == (Verdict.IDENTICAL, Verdict.SIMILAR)
    assert same.probability == lax.probability
    tracked = pipeline().match(photo, [Detection(Box(190, 70, 430, 400), 0.9)], strict)[0]
    in_frame = pipeline().survey(photo, strict).matches[0]
    assert {tracked.verdict, in_frame.verdict} == {Verdict.SIMILAR}
    assert tracked.product_id == in_frame.product_id == "p3"
    explained = pipeline().explain(photo, strict, "p3").gates[-1]
    assert (explained.passed, explained.needed) == (False, 0.999999)


def test_an_unknown_product_stays_unknown(shop: MemoryCatalog) -> None:
    answer = pipeline().identify(held_up(printed(40)), shop)
    assert all(match.verdict is not Verdict.IDENTICAL for match in answer.matches)
    assert all(match.probability < 0.5 for match in answer.matches)


def test_two_products_in_one_photo_are_both_named(shop: MemoryCatalog) -> None:
    photo = photographed(printed(1), upright(30, 60, 240, 320))
    photo = pasted(photo, printed(2), upright(360, 80, 240, 320))
    named = pipeline().identify(photo, shop).matches[:2]
    assert {match.product_id for match in named} == {"p1", "p2"}
    assert all(match.verdict is Verdict.IDENTICAL for match in named)


def test_every_copy_is_a_match_of_its_own(shop: MemoryCatalog) -> None:
    photo = photographed(printed(1), upright(30, 60, 240, 320))
    photo = pasted(photo, printed(1), upright(360, 80, 240, 320))
    sure = [match for match in pipeline().identify(photo, shop).matches if match.probability > 0.8]
    assert [match.product_id for match in sure] == ["p1", "p1"]
    first, second = (match.detection.box for match in sure)
    assert first.iou(second) == 0


def test_a_frame_keeps_the_probability_of_what_stands_behind(shop: MemoryCatalog) -> None:
    photo = photographed(printed(1), upright(200, 60, 240, 320))
    photo = pasted(photo, printed(2), upright(10, 20, 150, 200))
    surveyed = {match.product_id: match for match in pipeline().survey(photo, shop).matches}
    identified = {match.product_id: match for match in pipeline().identify(photo, shop).matches}
    assert {"p1", "p2"} <= surveyed.keys() & identified.keys()
    assert surveyed["p2"].probability > identified["p2"].probability
    assert surveyed["p2"].verdict is identified["p2"].verdict


def test_a_small_product_is_found_through_its_detection(shop: MemoryCatalog) -> None:
    place = upright(900, 500, 120, 160)
    photo = photographed(printed(5), place, 1600, 1200)
    found = pipeline(FixedDetector(((Box.around(place), 0.9),))).identify(photo, shop)
    assert found.matches[0].product_id == "p5"
    assert found.matches[0].detection.box.iou(Box.around(place)) > 0.8


def test_the_whole_image_gives_one_match(shop: MemoryCatalog) -> None:
    photo = photographed(printed(1), upright(30, 60, 240, 320))
    photo = pasted(photo, printed(2), upright(360, 80, 240, 320))
    detector = FixedDetector(((Box(30, 60, 270, 380), 0.9), (Box(360, 80, 600, 400), 0.9)))
    assert len(pipeline(detector).identify(photo, shop, whole_image=True).matches) == 1
    only = pipeline(detector).identify(flat(), shop, whole_image=True).matches
    assert [match.verification for match in only] == [None]


def test_each_detection_gets_one_match_in_order(shop: MemoryCatalog) -> None:
    photo = photographed(printed(1), upright(30, 60, 240, 320))
    photo = pasted(photo, printed(2), upright(360, 80, 240, 320))
    boxes = [Box(360, 80, 600, 400), Box(280, 0, 350, 60), Box(30, 60, 270, 380)]
    detections = [Detection(box, 0.9) for box in boxes]
    first, empty, last = pipeline().match(photo, detections, shop)
    assert (first.product_id, last.product_id) == ("p2", "p1")
    assert first.verdict is last.verdict is Verdict.IDENTICAL
    assert empty.verdict is Verdict.UNKNOWN
    assert empty.probability < 0.2
    assert first.detection.box.iou(boxes[0]) > 0.9


def test_no_detections_no_matches(shop: MemoryCatalog) -> None:
    assert pipeline().match(flat(), [], shop) == ()
    assert pipeline().detect(flat()) == ()


def test_an_empty_catalog_knows_nothing(nothing: MemoryCatalog) -> None:
    box = Box(200, 60, 440, 400)
    method = pipeline(FixedDetector(((box, 0.9),)))
    photo = held_up(printed(1))
    identified = method.identify(photo, nothing)
    assert all(match.product_id is None for match in identified.matches)
    assert all(match.candidates == () for match in identified.matches)
    (matched,) = method.match(photo, method.detect(photo), nothing)
    assert (matched.product_id, matched.probability) == (None, 0.0)
    assert matched.verdict is Verdict.UNKNOWN
    assert method.contests(photo, nothing) == []


def test_a_flat_picture_is_at_most_a_guess_by_likeness(shop: MemoryCatalog) -> None:
    for match in pipeline().identify(flat(), shop).matches:
        assert match.verdict is Verdict.UNKNOWN
        assert match.verification is None
        assert match.probability <= 0.05
        likeness = [candidate.similarity for candidate in match.candidates]
        assert likeness == sorted(likeness, reverse=True)


@pytest.mark.parametrize("size", [(16, 16), (16, 300), (4000, 3000)])
def test_very_small_and_very_large_pictures_work(
    shop: MemoryCatalog, size: tuple[int, int]
) -> None:
    picture: Image = cv2.resize(held_up(printed(4)), size).astype(np.uint8)
    box = Box(0, 0, size[0] / 2, size[1] / 2)
    method = pipeline(FixedDetector(((box, 0.5),)))
    answer = method.identify(picture, shop)
    if size == (4000, 3000):
        assert answer.matches[0].product_id == "p4"
        assert answer.matches[0].verdict is Verdict.IDENTICAL
    else:
        assert all(match.verdict is Verdict.UNKNOWN for match in answer.matches)
    assert len(method.match(picture, [Detection(box, 0.5)], shop)) == 1


def test_explaining_the_right_product_passes_every_later_gate(shop: MemoryCatalog) -> None:
    method = pipeline(FixedDetector(((Box(190, 70, 430, 400), 0.9),)))
    explained = method.explain(held_up(printed(0)), shop, "p0")
    assert explained.lost_at is None
    assert all(gate.passed for gate in explained.gates)
    assert explained.match is not None
    assert explained.match.product_id == "p0"


def test_what_a_part_of_the_photo_shows_better_is_explained_by_that_part(
    shop: MemoryCatalog,
) -> None:
    photo = photographed(printed(1), upright(30, 60, 240, 320))
    photo = pasted(photo, printed(2), upright(480, 330, 75, 100))
    method = pipeline(FixedDetector(((Box(470, 320, 565, 440), 0.9),)))
    found = {match.product_id: match for match in method.find(photo, shop)}
    explained = method.explain(photo, shop, "p2")
    assert explained.match is not None
    assert explained.match.probability == pytest.approx(found["p2"].probability, abs=1e-6)


def test_explaining_says_at_which_gate_a_wrong_product_is_lost(shop: MemoryCatalog) -> None:
    explained = pipeline().explain(held_up(printed(0)), shop, "p9")
    assert explained.lost_at is not None
    assert all(gate.sentence for gate in explained.gates)
    decision = explained.gates[-1]
    assert (decision.name, decision.passed) == ("decision", False)


def test_explaining_a_flat_picture_finds_no_keypoints(shop: MemoryCatalog) -> None:
    explained = pipeline().explain(flat(), shop, "p1")
    assert explained.match is None
    assert not next(gate for gate in explained.gates if gate.name == "keypoints").passed


def test_a_product_that_the_catalog_lacks_cannot_be_explained(shop: MemoryCatalog) -> None:
    with pytest.raises(KeyError, match="nowhere"):
        pipeline().explain(held_up(printed(0)), shop, "nowhere")


def test_a_background_without_products_shows_none(shop: MemoryCatalog) -> None:
    answer = pipeline().identify(clutter(5, 640, 480), shop)
    assert all(match.probability < 0.2 for match in answer.matches)


def with_words(threshold: float) -> tuple[Pipeline, MemoryCatalog, FixedReader]:
    """A catalog of one product on which MINT is printed, and a reader that reads PLUM there."""
    catalog = MemoryCatalog({"mint": [printed(1)]})
    encoding = catalog.encoding("mint-0")
    known, read = word("MINT", 150, 200), word("PLUM", 150, 200)
    catalog.replace_encoding("mint-0", replace(encoding, words=(known,)))
    reader = FixedReader(read)
    decision = Decision(read_weights(WEIGHTS / "decision.json"), threshold)
    return Pipeline(replace(stages(), words=WordTest(reader), decision=decision)), catalog, reader


def test_words_are_read_once_where_the_answer_is_not_beyond_doubt() -> None:
    photo = held_up(printed(1))
    alone = MemoryCatalog({"mint": [printed(1)]})
    probability = pipeline().identify(photo, alone).matches[0].probability
    reading, catalog, reader = with_words(probability + 0.2 * (1 - probability))
    doubted = reading.identify(photo, catalog)
    assert len(reader.shapes) == 1
    assert doubted.elapsed.words > 0
    plain = pipeline().identify(photo, catalog)
    assert plain.elapsed.words == 0
    assert doubted.matches[0].probability < plain.matches[0].probability
    explained = reading.explain(photo, catalog, "mint")
    sentences = [gate.sentence for gate in explained.gates if gate.name == "words"]
    assert sentences == ["the photo reads PLUM where the reference reads MINT"]


def test_words_cost_nothing_beyond_doubt_and_in_frames_that_confirm_nothing() -> None:
    photo = held_up(printed(1))
    reading, catalog, reader = with_words(threshold=0.9999)
    reading.survey(photo, catalog)
    reading.identify(np.full((300, 300, 3), 128, np.uint8), catalog)
    assert reader.shapes == []


def twins_by_word() -> MemoryCatalog:
    """Two products of one print, on which another word stands."""
    catalog = MemoryCatalog({"mint": [printed(1)], "plum": [printed(1)]})
    for product_id, text in (("mint", "MINT"), ("plum", "PLUM")):
        encoding = catalog.encoding(f"{product_id}-0")
        words = (word(text, 150, 200),)
        catalog.replace_encoding(f"{product_id}-0", replace(encoding, words=words))
    return catalog


def test_explaining_reads_words_that_did_not_count_and_says_so() -> None:
    reading, catalog, reader = with_words(threshold=1 - 1e-9)
    photo = held_up(printed(1))
    assert reading.identify(photo, catalog).elapsed.words == 0
    (gate,) = [g for g in reading.explain(photo, catalog, "mint").gates if g.name == "words"]
    assert len(reader.shapes) == 1
    assert gate.passed
    assert gate.sentence.endswith("the answer was not in doubt, so that words did not count")


def test_in_frames_words_are_read_once_where_twins_compete() -> None:
    photo, seen = held_up(printed(1)), Detection(Box.around(HELD), 0.9)
    catalog = twins_by_word()
    reader = FixedReader(word("PLUM", 150, 200))
    decision = Decision(read_weights(WEIGHTS / "decision.json"), 0.2)
    reading = Pipeline(replace(stages(), words=WordTest(reader), decision=decision))
    (first,) = reading.match(photo, [seen], catalog)
    assert first.product_id == "plum"
    assert {item.product_id for item in first.printed} == {"mint", "plum"}
    assert len(reader.shapes) == 1
    known = KnownPrint(first.detection.box, first.printed)
    (again,) = reading.match(photo, [seen], catalog, [known])
    surveyed = reading.survey(photo, catalog, [known]).matches[0]
    assert len(reader.shapes) == 1
    assert again.printed == surveyed.printed == ()
    assert again.probability == pytest.approx(first.probability)
    assert again.product_id == surveyed.product_id == "plum"
    elsewhere = KnownPrint(Box(0, 0, 50, 50), (PrintEvidence("plum", 0.1),))
    reading.match(photo, [seen], catalog, [elsewhere])
    assert len(reader.shapes) == 2


def test_what_was_read_in_a_photo_is_not_read_again_in_its_parts_and_counts_there() -> None:
    photo, catalog = held_up(printed(1)), twins_by_word()
    part = FixedDetector(((Box.around(HELD).padded(-0.05), 0.9),))
    reader = FixedReader(word("PLUM", 150, 200))
    decision = Decision(read_weights(WEIGHTS / "decision.json"), 0.2)
    parts = replace(stages(part), words=WordTest(reader), decision=decision)
    settings = PipelineSettings(explained=1.0)  # so that the part is looked at, too
    found = Pipeline(parts, settings).find(photo, catalog)
    assert len(reader.shapes) == 1
    assert {match.product_id for match in found if match.probability > 0.2} == {"plum"}
