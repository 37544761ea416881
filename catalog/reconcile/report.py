"""The report of a reconciliation: differences between a catalog's storage and its journal."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum


class FindingKind(StrEnum):
    """Outcomes of a difference."""

    TAKEN_IN = "taken_in"
    REMOVED = "removed"
    MENDED = "mended"
    WAITING = "waiting"
    COLLECTED = "collected"
    HELD_BACK = "withheld"
    PASSED_OVER = "passed_over"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference.

    Attributes:
        kind: what became of it; in a dry run, what would.
        subject: a product id or a storage key.
        sentence: for people.
    """

    kind: FindingKind
    subject: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a run.

    Attributes:
        findings: all differences.
        objects: how many objects were compared, or expected and missing.
        index_version: the catalog's afterwards.
    """

    findings: tuple[Finding, ...]
    objects: int
    index_version: int

    @property
    def drift(self) -> float:
        """The share of objects that differed from what the journal says, 0 to 1."""
        differing = len(self.findings) - self.count(FindingKind.PASSED_OVER)
        return min(differing / self.objects, 1.0) if self.objects else 0.0

    def with_more(self, findings: Sequence[Finding]) -> "Report":
        """Return the report with further findings."""
        return replace(self, findings=(*self.findings, *findings))

    def count(self, kind: FindingKind) -> int:
        """Return how many differences ended so."""
        return sum(finding.kind is kind for finding in self.findings)
