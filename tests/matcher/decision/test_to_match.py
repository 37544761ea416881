import numpy as np
import pytest

from matcher.decision.decision import Decision
from matcher.decision.fit import read_weights
from matcher.decision.to_match import deduplicate, nearest_guess, rank_by_prominence, to_match
from matcher.detection.crop import crop_detection, crop_whole
from matcher.imaging.box import Box
from matcher.results import Detection, Match, Verdict, Verification, Way
from matcher.retrieval.shortlist import Shortlist
from tests.matcher.decision.contests import contest, hypothesis
from tests.matcher.prints import WEIGHTS, flat, upright

DECISION = Decision(read_weights(WEIGHTS / "decision.json"), 0.8)
NEAR = {"a": 0.4, "b": 0.9, "c": 0.6}
EMPTY = Shortlist((), (), {})


def listed(similarities: dict[str, float]) -> Shortlist:
    return Shortlist(tuple(similarities), (), similarities)


def matched(product_id: str, probability: float, box: Box, *, verified: bool = True) -> Match:
    outline = upright(box.left, box.top, box.width, box.height)
    proof = Verification(product_id, "i", 30, np.zeros((0, 4), np.float32), outline, 0.5, 0.5)
    verdict = Verdict.IDENTICAL if probability > 0.8 else Verdict.UNKNOWN
    detection = Detection(box, 1.0)
    return Match(detection, verdict, product_id, probability, proof if verified else None, ())


def test_an_answer_lies_where_its_product_was_placed() -> None:
    rivals = contest(hypothesis("a", 80, 0.9), hypothesis("b", 8, 0.1))
    match = to_match(rivals, crop_whole(flat(640, 480)), listed(NEAR), DECISION)
    assert (match.product_id, match.verdict) == ("a", Verdict.IDENTICAL)
    assert match.detection.box == Box(30, 20, 190, 180)
    assert match.verification is not None
    assert match.verification.correspondences.shape == (80, 4)
    # The reference's pixel (1, 1) is (102, 52) of its catalog picture.
    assert np.allclose(match.verification.correspondences[0], (102, 52, 50, 50))


def test_the_answer_of_a_detection_is_in_pixels_of_the_picture() -> None:
    crop = crop_detection(flat(2000, 1500), Detection(Box(1000, 600, 1500, 1100), 0.7))
    match = to_match(contest(hypothesis("a")), crop, listed(NEAR), DECISION)
    assert match.detection.confidence == 0.7
    assert match.detection.box.left >= 950
    assert match.detection.box.top >= 550


def test_candidates_start_with_what_was_verified_and_carry_their_likeness() -> None:
    match = to_match(contest(hypothesis("a")), crop_whole(flat()), listed(NEAR), DECISION)
    assert [candidate.product_id for candidate in match.candidates] == ["a", "b", "c"]
    assert [candidate.similarity for candidate in match.candidates] == [0.4, 0.9, 0.6]
    assert match.candidates[0].probability == match.probability
    assert [candidate.probability for candidate in match.candidates[1:]] == [0, 0]


def test_an_answer_tells_its_threshold_and_by_which_way_a_candidate_came() -> None:
    found = Shortlist(("a", "b"), (), NEAR, {"a": (Way.VOTES,), "b": (Way.EMBEDDING,)})
    match = to_match(contest(hypothesis("a")), crop_whole(flat()), found, DECISION)
    assert match.threshold == DECISION.threshold
    ways = {candidate.product_id: candidate.ways for candidate in match.candidates}
    assert ways == {"a": (Way.VOTES,), "b": (Way.EMBEDDING,), "c": ()}
    assert nearest_guess(Detection(Box(0, 0, 9, 9), 1.0), found).threshold is None


def test_candidates_are_capped() -> None:
    many = listed({f"p{index}": 1 - index / 100 for index in range(60)})
    assert len(nearest_guess(Detection(Box(0, 0, 9, 9), 1.0), many).candidates) == 20
    match = to_match(contest(hypothesis("p59")), crop_whole(flat()), many, DECISION)
    assert len(match.candidates) == 20
    assert match.candidates[0].product_id == "p59"


def test_a_guess_names_the_likest_and_stays_unknown() -> None:
    match = nearest_guess(Detection(Box(0, 0, 9, 9), 0.5), listed(NEAR))
    assert (match.product_id, match.verdict) == ("b", Verdict.UNKNOWN)
    assert 0 < match.probability < 0.05
    assert match.verification is None
    unlike = nearest_guess(Detection(Box(0, 0, 9, 9), 0.5), listed({"a": -0.5}))
    assert unlike.probability == 0


def test_a_guess_without_candidates_names_nothing() -> None:
    match = nearest_guess(Detection(Box(0, 0, 9, 9), 1.0), EMPTY)
    assert (match.product_id, match.probability, match.candidates) == (None, 0.0, ())


def test_of_two_matches_in_one_place_the_more_probable_stays() -> None:
    low, high = matched("a", 0.3, Box(0, 0, 99, 99)), matched("b", 0.9, Box(2, 2, 97, 97))
    aside = matched("a", 0.5, Box(200, 0, 299, 99))
    assert deduplicate([low, aside, high]) == [high, aside]
    assert deduplicate([]) == []


def test_a_guess_in_the_place_of_a_match_is_a_repeat() -> None:
    sure = matched("a", 0.9, Box(0, 0, 99, 99))
    loose = matched("b", 0.02, Box(0, 0, 95, 99), verified=False)
    assert deduplicate([loose, sure]) == [sure]


def test_what_is_held_up_comes_before_what_stands_behind_it() -> None:
    behind = matched("behind", 0.97, Box(0, 0, 60, 80))
    held = matched("held", 0.9, Box(200, 100, 440, 400))
    first, second = rank_by_prominence([behind, held], 640, 480)
    assert (first.product_id, first.probability) == ("held", 0.9)
    assert second.probability < behind.probability
    assert [first.verdict, second.verdict] == [Verdict.IDENTICAL, Verdict.IDENTICAL]


def test_further_copies_of_the_subject_keep_their_probability() -> None:
    held = matched("held", 0.9, Box(200, 100, 440, 400))
    copy = matched("held", 0.85, Box(0, 0, 60, 80))
    assert [ranked.probability for ranked in rank_by_prominence([copy, held], 640, 480)] == [
        0.9,
        0.85,
    ]


def test_without_anything_sure_there_is_no_subject() -> None:
    weak = matched("a", 0.1, Box(0, 0, 60, 80))
    loose = matched("b", 0.2, Box(200, 100, 440, 400), verified=False)
    assert [ranked.probability for ranked in rank_by_prominence([weak, loose], 640, 480)] == [
        0.2,
        0.1,
    ]
    assert rank_by_prominence([], 640, 480) == []


@pytest.mark.parametrize("size", [(640, 480), (2000, 1500), (100, 70)])
def test_a_crop_maps_its_corners_back_onto_the_picture(size: tuple[int, int]) -> None:
    crop = crop_whole(flat(*size))
    height, width = crop.image.shape[:2]
    ends = np.array([[-0.5, -0.5], [width - 0.5, height - 0.5]])
    corners = crop.points_in_picture(ends)
    assert np.allclose(corners, [(-0.5, -0.5), (size[0] - 0.5, size[1] - 0.5)], atol=1.5)
    assert crop.points_in_picture(np.zeros((0, 2))).shape == (0, 2)


def test_a_detection_at_the_rim_or_outside_still_gives_pixels() -> None:
    for box in (Box(-20, -20, 5, 5), Box(190, 140, 400, 400), Box(500, 500, 600, 600)):
        crop = crop_detection(flat(200, 150), Detection(box, 1.0))
        assert min(crop.image.shape[:2]) >= 1
        assert min(crop.tight.shape[:2]) >= 1
