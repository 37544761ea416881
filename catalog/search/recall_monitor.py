"""Recall of hashing, measured against exact search."""

import logging
from threading import Lock
from typing import Final

# Every so many hashed queries one is answered exactly too. When the best product differed in more
# than a tenth of the last checks, hashing is given up until the next merge.
_CHECK_EVERY: Final = 64
_CHECKS: Final = 50  # the last ones count
_LEAST_RECALL: Final = 0.9  # share of checks in which hashing found the best product
_LOG: Final = logging.getLogger(__name__)


class RecallMonitor:
    """Counts how often hashing found the best product; safe to share between threads.

    When too many checks fail, one warning is logged.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._queries = 0
        self._found: list[bool] = []
        self._trusted = True

    @property
    def trusted(self) -> bool:
        """False once too many checks failed; never True again."""
        with self._lock:
            return self._trusted

    @property
    def checks(self) -> tuple[bool, ...]:
        """The outcomes of the last checks, at most 50."""
        with self._lock:
            return tuple(self._found)

    def needs_check(self) -> bool:
        """Count a query; return whether to answer it exactly too."""
        with self._lock:
            self._queries += 1
            return self._queries % _CHECK_EVERY == 0

    def note(self, found: bool) -> None:
        """Enter the outcome of a check."""
        with self._lock:
            self._found = [*self._found, found][-_CHECKS:]
            bad = len(self._found) == _CHECKS and sum(self._found) < _LEAST_RECALL * _CHECKS
            if bad and self._trusted:
                self._trusted = False
                _LOG.warning(
                    "hashing missed the best product in %d of %d checks; "
                    "every query is answered exactly until the index is merged",
                    _CHECKS - sum(self._found),
                    _CHECKS,
                )
