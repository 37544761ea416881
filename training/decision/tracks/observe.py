"""Ask a catalog for unknowns, as photos and as clips of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from catalog.records.calibration import Calibration
from matcher.decision.evaluation import Recogniser
from matcher.decision.leave_out import ReducedCatalog
from matcher.results import log_odds
from matcher.retrieval.shortlist import SearchableCatalog
from matcher.tracking.finder import Finder
from matcher.tracking.voting import Standing
from matcher.video.clip import ClipMatcher
from matcher.video.remembered import StageMemory
from training.augment.clip_of_photo import CLIP_LENGTH, ClipLength, film_photo
from training.decision.tracks.material import TrackMaterial

# Thresholds at which clips are matched: they rule a little what is looked at next.
THRESHOLDS: Final = (0.6, 0.85, 0.95)


class TrackJudge(Finder[SearchableCatalog], Recogniser, Protocol):
    """Finds products in frames and photos; `matcher.pipeline.Pipeline` implements it."""


@dataclass(frozen=True, slots=True)
class UnknownAnswers:
    """The answers to one unknown.

    Attributes:
        group: of the unknown.
        photo: log-odds of the best answer to the photo.
        clip: how the votes on its clip stood after each look, by threshold.
    """

    group: str
    photo: float
    clip: Mapping[float, tuple[Standing, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class TrackObserver:
    """Asks about unknowns.

    Attributes:
        judge: the method, whose decision has no calibration of tracks; recalls what it found.
        memory: of the judge.
        catalog: of the material's references.
        seed: of the clips.
        length: of the clips.
    """

    judge: TrackJudge
    memory: StageMemory
    catalog: SearchableCatalog
    seed: int = 0
    length: ClipLength = CLIP_LENGTH

    def observe(
        self, material: TrackMaterial, on_photo: Callable[[int, int], None]
    ) -> list[UnknownAnswers]:
        """Ask about all unknowns, some seconds for each.

        Args:
            material: the unknowns.
            on_photo: called with unknowns done and unknowns in all.
        """
        answers = []
        for number, unknown in enumerate(material.unknowns):
            photo = unknown.picture()
            lacked = self._pictures_of(unknown.lacking)
            frames = list(
                film_photo(photo, np.random.default_rng((self.seed, number)), self.length)
            )
            found = self.judge.find(photo, ReducedCatalog(self.catalog, lacked, {}))
            proven = [match.probability for match in found if match.verification is not None]
            clip = {
                threshold: ClipMatcher(self.judge, catalog)
                .match(frames, self.length.frames_per_second)
                .standings
                for threshold, catalog in self._catalogs(lacked)
            }
            best = log_odds(max(proven, default=0.0))
            answers.append(UnknownAnswers(unknown.group, best, clip))
            self.memory.forget()
            on_photo(number + 1, len(material.unknowns))
        return answers

    def _pictures_of(self, product_id: str | None) -> frozenset[str]:
        if product_id is None:
            return frozenset()
        return frozenset(image.image_id for image in self.catalog.products[product_id].images)

    def _catalogs(self, lacked: frozenset[str]) -> Iterator[tuple[float, ReducedCatalog]]:
        """Yield the catalog at each threshold; the rate of its calibration is for the record."""
        model_id = self.judge.decision(self.catalog).model_id
        for threshold in THRESHOLDS:
            calibration = Calibration(model_id, "", 1 - threshold, threshold)
            yield threshold, ReducedCatalog(self.catalog, lacked, {model_id: calibration})
