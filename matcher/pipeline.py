"""The method on one page: detect, embed and describe, shortlist, verify, decide."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.decision.decision import Decision
from matcher.decision.doubt import Doubted, is_in_doubt
from matcher.decision.explain import Explanation, StageTraces, explain
from matcher.decision.to_match import deduplicate, nearest_guess, rank_by_prominence, to_match
from matcher.detection.crop import Crop, crop_detection, crop_whole
from matcher.detection.detector import Detector
from matcher.imaging.box import Box
from matcher.keypoints.features import FrontEnd
from matcher.results import Detection, Identification, KnownPrint, Match, Stopwatch
from matcher.retrieval.embedder import Embedder
from matcher.retrieval.reference import Reference, ReferenceCache
from matcher.retrieval.shortlist import SearchableCatalog, Shortlist, Shortlister
from matcher.retrieval.spread import SimilaritySpread
from matcher.verification.known_print import recall_print
from matcher.verification.verifier import Contest, Query, Verifier
from matcher.verification.word_test import WordTest
from matcher.words.comparison import WordComparison

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Stages:
    """The stages of a pipeline; photos may be worth a better detector than frames."""

    detector: Detector
    photo_detector: Detector
    embedder: Embedder
    front_end: FrontEnd
    references: ReferenceCache
    shortlister: Shortlister
    verifier: Verifier
    decision: Decision
    words: WordTest | None = None


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """Bounds of one identification."""

    shortlist_size: int = 12  # products verified per crop
    detections: int = 8  # of a photo that are matched, the surest ones
    explained: float = 0.3  # IoU with a match from which a detection is skipped
    largest_detection: float = 0.5  # share of the photo; a larger crop shows what the whole does
    likely: float = 0.1  # probability below which the nearest by embedding is the better guess
    rim: float = 0.15  # share of its sides; a match centred in this margin is a neighbour's


PIPELINE_SETTINGS: Final = PipelineSettings()


@dataclass(frozen=True, slots=True, eq=False)
class Recognition:
    """The findings in one crop.

    Attributes:
        crop: the part of the picture.
        query: its pixels and keypoints.
        shortlist: products that may be in it.
        contests: every place where one is verified, strongest first.
        verified: the decided match of each contest, in the same order.
    """

    crop: Crop
    query: Query
    shortlist: Shortlist
    contests: Sequence[Contest]
    verified: Sequence[Match]


class Pipeline:
    """Finds identical catalog products in pictures; holds no state between calls."""

    def __init__(self, stages: Stages, settings: PipelineSettings = PIPELINE_SETTINGS) -> None:
        self._stages = stages
        self._settings = settings

    def identify(
        self, image: Image, catalog: SearchableCatalog, *, whole_image: bool = False
    ) -> Identification:
        """Identify every catalog product in a photo, every copy of it, most probable first.

        What is beside the photo's subject is ranked down: its probability is lowered, its verdict
        stays (`rank_by_prominence`).

        Args:
            image: (H, W, 3) uint8 RGB.
            catalog: the snapshot to search.
            whole_image: take the picture as one crop and give one answer.
        """
        watch = Stopwatch()
        if whole_image:
            matches = self._answers(
                self._recognise(crop_whole(image), catalog, watch, thorough=True)
            )[:1]
        else:
            height, width = image.shape[:2]
            matches = rank_by_prominence(self._find(image, catalog, watch), width, height)
        return Identification(tuple(matches), catalog.index_version, watch.times())

    def _find(self, image: Image, catalog: SearchableCatalog, watch: Stopwatch) -> list[Match]:
        """Return the answers of every look at a photo, each place once."""
        with watch.stage("detect"):
            detections = self._stages.photo_detector.detect(image)
        looks = self._look(image, detections, catalog, watch)
        return deduplicate([match for look in looks for match in self._answers(look)])

    def _look(
        self,
        image: Image,
        detections: Sequence[Detection],
        catalog: SearchableCatalog,
        watch: Stopwatch,
        extra: Sequence[Reference] = (),
    ) -> list[Recognition]:
        """Recognise the whole picture, then the detections that it does not explain."""
        found = [self._recognise(crop_whole(image), catalog, watch, extra, thorough=True)]
        for crop in self._unexplained(detections, found[0].verified, image):
            # Words are read once at a place; of parts only what would be named at all is doubted.
            known = [
                KnownPrint(match.detection.box, match.printed)
                for part in found
                for match in part.verified
            ]
            found.append(
                self._recognise(
                    crop, catalog, watch, extra, doubted=Doubted.CONFIRMING, known=known
                )
            )
        return found

    def _recognise(
        self,
        crop: Crop,
        catalog: SearchableCatalog,
        watch: Stopwatch,
        extra: Sequence[Reference] = (),
        *,
        thorough: bool = False,
        doubted: Doubted = Doubted.ALL,
        known: Sequence[KnownPrint] = (),
    ) -> Recognition:
        """Embed, describe, shortlist, verify, read, decide; `extra` references are verified, too.

        A thorough look pairs keypoints with care even where nothing agrees at first sight. Words
        are read where the answer may be doubted, and is; known ones count wherever it lies there.
        """
        stages, size, decision = self._stages, self._settings.shortlist_size, self.decision(catalog)
        with watch.stage("embed"):
            embedding = stages.embedder.embed([crop.tight])[0]
        with watch.stage("describe"):
            query = Query(crop.image, stages.front_end.extract(crop.image, crop.keypoints))
        with watch.stage("shortlist"):
            shortlist = stages.shortlister.shortlist(embedding, query.features, catalog, size)
        with watch.stage("verify"):
            spread = SimilaritySpread.of(shortlist.similarities.values())
            references = _joined(shortlist.references, extra)
            contests = stages.verifier.verify(query, references, spread, thorough=thorough)
        recalled = _recalled(contests[:1], crop, decision, known)
        if recalled is not None:
            contests = [recalled, *contests[1:]]
        elif self._is_worth_reading(contests, decision, doubted):
            with watch.stage("words"):
                contests = self._read_words(query, contests, references)
        verified = [to_match(contest, crop, shortlist, decision) for contest in contests]
        return Recognition(crop, query, shortlist, contests, verified)

    def _is_worth_reading(
        self, contests: Sequence[Contest], decision: Decision, doubted: Doubted
    ) -> bool:
        """Return whether words could tell more of the strongest contest."""
        words = self._stages.words
        if words is None or not contests or not words.can_tell(contests[0]):
            return False
        return is_in_doubt(contests[0], decision, doubted)

    def _read_words(
        self, query: Query, contests: Sequence[Contest], references: Sequence[Reference]
    ) -> list[Contest]:
        """Read what is printed where the strongest contest is."""
        words = self._stages.words
        read = contests[0] if words is None else words.read(query, contests[0], references)
        return [read, *contests[1:]]

    def _unexplained(
        self, detections: Sequence[Detection], matches: Sequence[Match], image: Image
    ) -> list[Crop]:
        """Crop the detections that no match covers yet and that show a part only, surest first."""
        largest = self._settings.largest_detection * image.shape[0] * image.shape[1]
        covered = [match.detection.box for match in matches]
        unexplained = [
            detection
            for detection in detections
            if detection.box.area < largest
            and not any(detection.box.iou(box) > self._settings.explained for box in covered)
        ]
        chosen = unexplained[: self._settings.detections]
        return [crop_detection(image, detection) for detection in chosen]

    def _answers(self, found: Recognition) -> list[Match]:
        """Return likely matches, most probable first; if there is none, the nearest product.

        A handful of keypoints that agree by chance say less than the likeness of the whole.
        """
        likely = [match for match in found.verified if match.probability > self._settings.likely]
        answers = likely or [nearest_guess(found.crop.detection, found.shortlist)]
        return sorted(answers, key=lambda match: -match.probability)

    def decision(self, catalog: SearchableCatalog) -> Decision:
        """Return the decision with the catalog's calibration."""
        return self._stages.decision.with_calibrations(catalog.calibrations)

    def detect(self, image: Image) -> tuple[Detection, ...]:
        """Return boxes in a frame that may hold products; the only network of the fast path."""
        return self._stages.detector.detect(image)

    def match(
        self,
        image: Image,
        detections: Sequence[Detection],
        catalog: SearchableCatalog,
        known: Sequence[KnownPrint] = (),
    ) -> tuple[Match, ...]:
        """Return one match per detection of a frame, in their order; the slow path's work."""
        return tuple(self._match(image, detection, catalog, known) for detection in detections)

    def _match(
        self,
        image: Image,
        detection: Detection,
        catalog: SearchableCatalog,
        known: Sequence[KnownPrint],
    ) -> Match:
        crop = crop_detection(image, detection)
        found = self._recognise(crop, catalog, Stopwatch(), doubted=Doubted.CONFIRMING, known=known)
        meant = detection.box.padded(-self._settings.rim)
        inside = [match for match in self._answers(found) if _is_centred(match, meant)]
        if not inside:
            return nearest_guess(detection, found.shortlist)
        return max(inside, key=lambda match: match.probability)

    def survey(
        self, image: Image, catalog: SearchableCatalog, known: Sequence[KnownPrint] = ()
    ) -> Identification:
        """Identify the products that a whole frame shows at once.

        Unlike a photo, a frame has no subject; and its detections are matched as tracks, each when
        it is due.
        """
        watch = Stopwatch()
        crop = crop_whole(image)
        found = self._recognise(crop, catalog, watch, doubted=Doubted.CONFIRMING, known=known)
        matches = deduplicate(found.verified)
        return Identification(tuple(matches), catalog.index_version, watch.times())

    def find(self, image: Image, catalog: SearchableCatalog) -> tuple[Match, ...]:
        """Identify, with the probabilities by which verdicts are given; for calibration."""
        return tuple(self._find(image, catalog, Stopwatch()))

    def contests(self, image: Image, catalog: SearchableCatalog) -> Sequence[Contest]:
        """Return the contests of the whole picture, undecided and unread; for calibration."""
        crop = crop_whole(image)
        found = self._recognise(crop, catalog, Stopwatch(), thorough=True, doubted=Doubted.NONE)
        return found.contests

    def explain(self, image: Image, catalog: SearchableCatalog, product_id: str) -> Explanation:
        """Explain which gate lets a product through and which one loses it.

        Of all looks at the photo, the whole and its parts, the one in which the product does best.

        Raises:
            KeyError: the catalog has no such product.
        """
        stages = self._stages
        own = stages.references.of_product(catalog, product_id)
        detections = stages.photo_detector.detect(image)
        looks = self._look(image, detections, catalog, Stopwatch(), own)
        best = max(looks, key=lambda look: _probability_of(product_id, look.verified))
        readings = _readings_of(product_id, best.contests)
        traces = StageTraces(
            detections=detections,
            shortlist=best.shortlist,
            shortlist_size=self._settings.shortlist_size,
            keypoints=len(best.query.features),
            pairs=max((len(found) for found in stages.verifier.pairs(best.query, own)), default=0),
            match=_best_with(product_id, best.verified),
            threshold=self.decision(catalog).threshold,
            readings=readings or self._read_anyway(product_id, best, own),
            words_count=bool(readings),
        )
        return explain(product_id, traces)

    def _read_anyway(
        self, product_id: str, look: Recognition, own: Sequence[Reference]
    ) -> tuple[WordComparison, ...]:
        """Read what words say of a product where they were not worth reading for the answer."""
        words = self._stages.words
        if words is None:
            return ()
        references = _joined(look.shortlist.references, own)
        for contest in look.contests:
            competes = any(item.reference.product_id == product_id for item in contest.hypotheses)
            if competes and words.can_tell(contest):
                read = words.read(look.query, contest, references)
                return _readings_of(product_id, [read])
        return ()


def _joined(shortlisted: Sequence[Reference], extra: Sequence[Reference]) -> list[Reference]:
    known = {reference.product_id for reference in extra}
    return [*(rival for rival in shortlisted if rival.product_id not in known), *extra]


def _is_centred(match: Match, meant: Box) -> bool:
    box = match.detection.box
    x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    return meant.left <= x <= meant.right and meant.top <= y <= meant.bottom


def _recalled(
    strongest: Sequence[Contest], crop: Crop, decision: Decision, known: Sequence[KnownPrint]
) -> Contest | None:
    """Return the strongest contest, if any, with what is known of its words; None without."""
    if not known or not strongest:
        return None
    best = decision.rank(strongest[0])[0].hypothesis
    box = Box.around(crop.points_in_picture(best.outline))
    return recall_print(strongest[0], best.reference.product_id, box, known)


def _readings_of(product_id: str, contests: Sequence[Contest]) -> tuple[WordComparison, ...]:
    """Return the words of a product that were compared."""
    own = (
        hypothesis.readings
        for contest in contests
        for hypothesis in contest.hypotheses
        if hypothesis.reference.product_id == product_id and hypothesis.readings
    )
    return next(own, ())


def _best_with(product_id: str, matches: Sequence[Match]) -> Match | None:
    """Return the match in whose contest the product did best."""
    best = max(matches, key=lambda match: _probability_of(product_id, [match]), default=None)
    return best if best is not None and _probability_of(product_id, [best]) > 0 else None


def _probability_of(product_id: str, matches: Sequence[Match]) -> float:
    """Return the highest probability of a product in some matches; 0 where it is in none."""
    own = (
        item.probability
        for match in matches
        for item in match.candidates
        if item.product_id == product_id
    )
    return max(own, default=0.0)
