"""The method on one page: detect, embed, shortlist, verify, decide."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.decision.decision import Decision
from matcher.decision.explain import Explanation, StageTraces, explain
from matcher.decision.to_match import deduplicate, nearest_guess, rank_by_prominence, to_match
from matcher.detection import crop as crops
from matcher.detection.crop import Crop
from matcher.detection.detector import Detector
from matcher.keypoints.features import FrontEnd
from matcher.results import Detection, Identification, Match, Stopwatch
from matcher.retrieval.encoder import Embedder
from matcher.retrieval.reference import ReferenceCache
from matcher.retrieval.shortlist import SearchableCatalog, Shortlist, Shortlister
from matcher.verification.verifier import Contest, Query, Verifier

_LOOKS: Final = 8
_EXPLAINED: Final = 0.3
# A detection that fills the picture shows nothing that the whole picture did not.
_CLOSER_LOOK: Final = 0.5
_LIKELIER_THAN_A_GUESS: Final = 0.25

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Stages:
    """The stages that a pipeline is made of; photos may be worth a better detector than frames."""

    detector: Detector
    photo_detector: Detector
    embedder: Embedder
    front_end: FrontEnd
    references: ReferenceCache
    shortlister: Shortlister
    verifier: Verifier
    decision: Decision


@dataclass(frozen=True, slots=True, eq=False)
class Recognition:
    """What a crop turned out to hold: its shortlist, every place where one is verified.

    The decision is that of the catalog which was searched.
    """

    crop: Crop
    query: Query
    shortlist: Shortlist
    contests: Sequence[Contest]
    decision: Decision


class Pipeline:
    """Finds identical catalog products in pictures; holds no state between calls."""

    def __init__(self, parts: Stages, shortlist_size: int = 12) -> None:
        self._parts = parts
        self._shortlist_size = shortlist_size

    def identify(
        self, image: Image, catalog: SearchableCatalog, *, whole_image: bool = False
    ) -> Identification:
        """Every catalog product in a photo, every copy of it, most probable first.

        Args:
            image: (H, W, 3) uint8 RGB.
            catalog: the snapshot to search.
            whole_image: take the picture as one crop and give one answer.
        """
        watch = Stopwatch()
        if whole_image:
            matches = self._answers(self._look(crops.crop_whole(image), catalog, watch))[:1]
        else:
            found = self._found(image, catalog, watch)
            matches = rank_by_prominence(found, image.shape[1], image.shape[0])
        return Identification(tuple(matches), catalog.index_version, watch.times())

    def find(self, image: Image, catalog: SearchableCatalog) -> tuple[Match, ...]:
        """As `identify`, with the probabilities by which verdicts are given; for calibration."""
        return tuple(self._found(image, catalog, Stopwatch()))

    def decision(self, catalog: SearchableCatalog) -> Decision:
        """How a catalog decides."""
        return self._parts.decision.with_calibrations(catalog.calibrations)

    def survey(self, image: Image, catalog: SearchableCatalog) -> Identification:
        """The catalog products that a whole frame shows at once.

        Unlike a photo, a frame has no subject; and whatever was detected in it is looked at closer
        as a track, in its own time.
        """
        watch = Stopwatch()
        matches = deduplicate(self._verified(self._look(crops.crop_whole(image), catalog, watch)))
        return Identification(tuple(matches), catalog.index_version, watch.times())

    def detect(self, image: Image) -> tuple[Detection, ...]:
        """Boxes that may hold products; the first lane's whole work."""
        return self._parts.detector.detect(image)

    def match(
        self, image: Image, detections: Sequence[Detection], catalog: SearchableCatalog
    ) -> tuple[Match, ...]:
        """One match per detection, in their order; the second lane's work."""
        return tuple(self._match(image, one, catalog) for one in detections)

    def explain(self, image: Image, catalog: SearchableCatalog, product_id: str) -> Explanation:
        """Which gate lets a product through and which one loses it.

        Raises:
            KeyError: the catalog has no such product.
        """
        parts = self._parts
        references = tuple(
            parts.references.get(catalog, product_id, one.image_id)
            for one in catalog.products[product_id].images
        )
        look = self._look(crops.crop_whole(image), catalog, Stopwatch())
        rivals = [one for one in look.shortlist.references if one.product_id != product_id]
        contests = parts.verifier.verify(look.query, [*rivals, *references])
        decision = self.decision(catalog)
        answers = [to_match(one, look.crop, look.shortlist, decision) for one in contests]
        pairs = parts.verifier.pairs(look.query, references)
        traces = StageTraces(
            detections=parts.photo_detector.detect(image),
            shortlist=look.shortlist,
            shortlist_size=self._shortlist_size,
            keypoints=len(look.query.features),
            pairs=max((len(one) for one in pairs), default=0),
            match=_involving(product_id, answers),
            threshold=decision.threshold,
        )
        return explain(product_id, traces)

    def contests(self, image: Image, catalog: SearchableCatalog) -> Sequence[Contest]:
        """What competes in the whole picture, undecided; for calibration."""
        return self._look(crops.crop_whole(image), catalog, Stopwatch()).contests

    def _found(self, image: Image, catalog: SearchableCatalog, watch: Stopwatch) -> list[Match]:
        whole = self._look(crops.crop_whole(image), catalog, watch)
        closer = self._closer_looks(image, whole, catalog, watch)
        return deduplicate([*self._answers(whole), *closer])

    def _closer_looks(
        self, image: Image, whole: Recognition, catalog: SearchableCatalog, watch: Stopwatch
    ) -> list[Match]:
        """What the detector proposes and the whole picture's answers do not cover."""
        with watch.stage("detect"):
            detections = self._parts.photo_detector.detect(image)
        return [
            match
            for detection in _unexplained(detections, self._verified(whole), image)[:_LOOKS]
            for match in self._answers(
                self._look(crops.crop_detection(image, detection), catalog, watch)
            )
        ]

    def _match(self, image: Image, detection: Detection, catalog: SearchableCatalog) -> Match:
        look = self._look(crops.crop_detection(image, detection), catalog, Stopwatch())
        inside = [one for one in self._answers(look) if _centred(one, detection)]
        if not inside:
            return nearest_guess(detection, look.shortlist)
        return max(inside, key=lambda one: one.probability)

    def _look(self, crop: Crop, catalog: SearchableCatalog, watch: Stopwatch) -> Recognition:
        parts = self._parts
        with watch.stage("embed"):
            embedding = parts.embedder.embed([crop.tight])[0]
        with watch.stage("verify"):
            features = parts.front_end.extract(crop.image, crop.keypoints)
        with watch.stage("shortlist"):
            shortlist = parts.shortlister.shortlist(
                embedding, features, catalog, self._shortlist_size
            )
        with watch.stage("verify"):
            query = Query(crop.image, features)
            contests = parts.verifier.verify(query, shortlist.references)
        return Recognition(crop, query, shortlist, contests, self.decision(catalog))

    def _answers(self, look: Recognition) -> list[Match]:
        """Most probable first; if nothing likely was verified, the likest product as a guess.

        A handful of keypoints that agree by chance say less than the likeness of the whole.
        """
        likely = [one for one in self._verified(look) if one.probability > _LIKELIER_THAN_A_GUESS]
        answers = likely or [nearest_guess(look.crop.detection, look.shortlist)]
        return sorted(answers, key=lambda one: -one.probability)

    def _verified(self, look: Recognition) -> list[Match]:
        return [to_match(one, look.crop, look.shortlist, look.decision) for one in look.contests]


def _unexplained(
    detections: Sequence[Detection], matches: Sequence[Match], image: Image
) -> list[Detection]:
    """Detections that no match covers yet and that deserve a closer look, surest first."""
    limit = _CLOSER_LOOK * image.shape[0] * image.shape[1]
    return [
        one
        for one in detections
        if one.box.area < limit
        and not any(one.box.iou(match.detection.box) > _EXPLAINED for match in matches)
    ]


def _centred(match: Match, detection: Detection) -> bool:
    box = match.detection.box
    x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    inside = detection.box.padded(-0.15)
    return inside.left <= x <= inside.right and inside.top <= y <= inside.bottom


def _involving(product_id: str, answers: Sequence[Match]) -> Match | None:
    """The answer in whose contest the product did best."""

    def own(match: Match) -> float:
        return max(
            (one.probability for one in match.candidates if one.product_id == product_id),
            default=0.0,
        )

    best = max(answers, key=own, default=None)
    return best if best is not None and own(best) > 0 else None
