"""Explain an answer: the gates of the method, and the one at which a product is lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from matcher.imaging.box import Box
from matcher.keypoints.homography import MINIMUM_INLIERS
from matcher.results import Detection, Match
from matcher.retrieval.shortlist import Shortlist
from matcher.words.comparison import WordComparison, WordOutcome

_WEAK_AGREEMENT: Final = 0.2  # of picture and reference, in [0, 1]; less is rarely identical
_SHOWN_WORDS: Final = 6  # that agree, in a sentence
_SEEN: Final = 0.3  # IoU of a detection with the product from which the detector has found it


@dataclass(frozen=True, slots=True)
class Gate:
    """One step of the method, as seen by one product.

    Attributes:
        name: detector, shortlist, keypoints, inliers, agreement, words or decision; words only
            where the reference has some to compare.
        passed: whether the product came through.
        value: measured.
        needed: the least value, or the largest rank, that passes.
        sentence: the same for people.
    """

    name: str
    passed: bool
    value: float
    needed: float
    sentence: str


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Why a product is, or is not, the answer for a picture.

    Attributes:
        product_id: the product asked about.
        gates: in the order of the method.
        match: the best answer that involves the product; None if it was verified nowhere.
    """

    product_id: str
    gates: tuple[Gate, ...]
    match: Match | None

    @property
    def lost_at(self) -> str | None:
        """The first gate after the detector that was not passed; None if all were."""
        # The whole-picture try backs the detector: missing there alone loses nothing.
        return next((gate.name for gate in self.gates[1:] if not gate.passed), None)


@dataclass(frozen=True, slots=True, eq=False)
class StageTraces:
    """The outcome of each stage for one picture and one product.

    Attributes:
        detections: of the detector.
        shortlist: of the look at the picture, or at a part of it, in which the product did best,
            as is what follows.
        shortlist_size: how many products are verified.
        keypoints: found there.
        pairs: the most keypoint pairs with one of the product's references.
        match: the best answer in whose contest the product competes; None if there is none.
        threshold: probability from which a product is called identical.
        readings: words of the product's reference, and how the picture has them; none where there
            is nothing to compare.
        words_count: whether the answer heeds them; it does where it is in doubt.
    """

    detections: Sequence[Detection]
    shortlist: Shortlist
    shortlist_size: int
    keypoints: int
    pairs: int
    match: Match | None
    threshold: float
    readings: tuple[WordComparison, ...] = ()
    words_count: bool = True


def explain(product_id: str, traces: StageTraces) -> Explanation:
    """Return how a product fared at each gate of the method."""
    gates = (
        _detector(traces),
        _shortlist(product_id, traces),
        _keypoints(traces),
        _inliers(product_id, traces),
        _agreement(product_id, traces),
        *_words(traces),
        _decision(product_id, traces),
    )
    return Explanation(product_id, gates, traces.match)


def _detector(traces: StageTraces) -> Gate:
    count = len(traces.detections)
    box = None if traces.match is None else traces.match.detection.box
    overlap = max((_iou(found, box) for found in traces.detections), default=0.0)
    if box is None:
        sentence = f"the detector proposes {count} boxes; the product was verified in none"
        return Gate("detector", count > 0, float(count), 1, sentence)
    sentence = f"the best of {count} boxes overlaps the product by {overlap:.2f}"
    return Gate("detector", overlap >= _SEEN, overlap, _SEEN, sentence)


def _iou(detection: Detection, box: Box | None) -> float:
    return 0.0 if box is None else detection.box.iou(box)


def _shortlist(product_id: str, traces: StageTraces) -> Gate:
    order = traces.shortlist.product_ids
    similarity = traces.shortlist.similarities.get(product_id, 0.0)
    if product_id in order:
        rank = order.index(product_id) + 1
        sentence = f"rank {rank} of {len(order)} candidates, similarity {similarity:.2f}"
        return Gate("shortlist", True, rank, traces.shortlist_size, sentence)
    sentence = f"not among the {len(order)} candidates, similarity {similarity:.2f}"
    return Gate("shortlist", False, len(order) + 1, traces.shortlist_size, sentence)


def _keypoints(traces: StageTraces) -> Gate:
    sentence = f"{traces.keypoints} keypoints in the picture, {traces.pairs} pair with the product"
    return Gate(
        "keypoints", traces.pairs >= MINIMUM_INLIERS, traces.pairs, MINIMUM_INLIERS, sentence
    )


def _inliers(product_id: str, traces: StageTraces) -> Gate:
    match = traces.match
    if match is None:
        sentence = "no homography is supported by enough pairs"
        return Gate("inliers", False, 0, MINIMUM_INLIERS, sentence)
    if match.verification is None or match.product_id != product_id:
        sentence = f"found, but {match.product_id} fits the same place better"
        return Gate("inliers", True, MINIMUM_INLIERS, MINIMUM_INLIERS, sentence)
    inliers = match.verification.inliers
    sentence = f"{inliers} pairs agree on one homography"
    return Gate("inliers", inliers >= MINIMUM_INLIERS, inliers, MINIMUM_INLIERS, sentence)


def _agreement(product_id: str, traces: StageTraces) -> Gate:
    match = traces.match
    if match is None or match.verification is None:
        return Gate("agreement", False, 0, _WEAK_AGREEMENT, "nothing to compare")
    agreement = match.verification.agreement
    whose = "the product" if match.product_id == product_id else f"its rival {match.product_id}"
    sentence = f"warped onto {whose}, the picture agrees by {agreement:.2f}"
    return Gate("agreement", agreement >= _WEAK_AGREEMENT, agreement, _WEAK_AGREEMENT, sentence)


def _words(traces: StageTraces) -> tuple[Gate, ...]:
    """Return the gate of the words; none where there are none to compare."""
    if not traces.readings:
        return ()
    others = [item for item in traces.readings if item.outcome is WordOutcome.CONTRADICTS]
    same = [item for item in traces.readings if item.outcome is WordOutcome.AGREES]
    parts = [
        f"the photo reads {item.read} where the reference reads {item.expected}" for item in others
    ]
    if same:
        words = ", ".join(item.expected for item in same[:_SHOWN_WORDS])
        parts.append(f"the photo reads {words} where the reference does")
    if not parts:
        parts = [f"none of the reference's {len(traces.readings)} words is read in the photo"]
    if not traces.words_count:
        parts.append("the answer was not in doubt, so that words did not count")
    passed = not (others and traces.words_count)
    return (Gate("words", passed, float(len(same)), 0.0, "; ".join(parts)),)


def _decision(product_id: str, traces: StageTraces) -> Gate:
    own = 0.0
    if traces.match is not None:
        own = next(
            (
                rival.probability
                for rival in traces.match.candidates
                if rival.product_id == product_id
            ),
            0.0,
        )
    sentence = f"probability {own:.2f}, called identical from {traces.threshold:.2f}"
    return Gate("decision", own >= traces.threshold, own, traces.threshold, sentence)
