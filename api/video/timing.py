"""A finder that measures its calls, for the report."""

import time
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from api.services import PhotoFinder
from api.video.report_page import StageTiming
from catalog.snapshot import Catalog
from matcher.results import Detection, Identification, KnownPrint, Match


class TimedFinder:
    """Implements `PhotoFinder` around another finder; four bytes per call are kept."""

    def __init__(self, finder: PhotoFinder) -> None:
        self._finder = finder
        self._milliseconds: dict[str, array[float]] = {}

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        """Return boxes that may contain products."""
        with self._timed("detect"):
            return self._finder.detect(image)

    def match(
        self,
        image: NDArray[np.uint8],
        detections: Sequence[Detection],
        catalog: Catalog,
        known: Sequence[KnownPrint] = (),
    ) -> tuple[Match, ...]:
        """Return one match per detection, in order."""
        with self._timed("verify a track"):
            return self._finder.match(image, detections, catalog, known)

    def survey(
        self, image: NDArray[np.uint8], catalog: Catalog, known: Sequence[KnownPrint] = ()
    ) -> Identification:
        """Return every product in a picture."""
        with self._timed("search the whole picture"):
            return self._finder.survey(image, catalog, known)

    def timings(self) -> tuple[StageTiming, ...]:
        """Return the durations of the calls so far, by stage."""
        return tuple(
            StageTiming(
                stage,
                len(calls),
                float(np.sum(calls)),
                float(np.median(calls)),
                float(np.percentile(calls, 95)),
            )
            for stage, calls in self._milliseconds.items()
        )

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        calls = self._milliseconds.setdefault(stage, array("f"))
        calls.append(1000 * (time.perf_counter() - started))
