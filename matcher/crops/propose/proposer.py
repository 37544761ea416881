"""Says what somebody means in a picture: ranked boxes, and the corners of paintings."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.crops.propose.network import ProposalSource, ProposedBox
from matcher.crops.propose.proposal import Proposal, ProposalKind
from matcher.crops.propose.quadrilateral import EdgePicture
from matcher.crops.propose.ranking import Point, rank_candidates
from matcher.imaging.box import Box


@dataclass(frozen=True, slots=True)
class ProposerSettings:
    """Thresholds of what is looked at and answered.

    Attributes:
        least: lowest score of the network.
        least_tapped: the same where somebody tapped: something is meant there.
        looked_at: most boxes that are ranked.
        faintest: confidence below which the whole picture is the better answer.
    """

    least: float = 0.02
    least_tapped: float = 0.003
    looked_at: int = 60
    faintest: float = 0.04


PROPOSER_SETTINGS: Final = ProposerSettings()


class CropProposer:
    """Proposes what is meant in pictures; safe to share between threads."""

    def __init__(
        self, source: ProposalSource, settings: ProposerSettings = PROPOSER_SETTINGS
    ) -> None:
        self._source = source
        self._settings = settings

    def propose(
        self, image: NDArray[np.uint8], point: Point | None = None, limit: int = 5
    ) -> tuple[Proposal, ...]:
        """Return what may be meant, the likeliest first; blocks.

        The whole picture is the last answer, and the only one where nothing stands out.

        Args:
            image: (H, W, 3) uint8, RGB.
            point: a tap (x, y) in its pixels, inside it; None if there was none.
            limit: most answers, at least 1.
        """
        height, width = image.shape[:2]
        settings = self._settings
        least = settings.least if point is None else settings.least_tapped
        found = self._source.find(image, least, settings.looked_at)
        ranked = rank_candidates(found, width, height, point)
        sure = [pair for pair in ranked if pair[1] >= settings.faintest][: max(limit, 1)]
        edges = EdgePicture(image) if sure else None
        proposals = [_proposal(candidate, value, edges) for candidate, value in sure]
        whole = Proposal(Box(0, 0, width, height), ProposalKind.WHOLE, settings.faintest)
        return tuple([*proposals, whole][: max(limit, 1)])


def _proposal(candidate: ProposedBox, confidence: float, edges: EdgePicture | None) -> Proposal:
    """Return the answer for a candidate; a painting's corners are fitted to its edges."""
    if candidate.kind is not ProposalKind.PAINTING or edges is None:
        return Proposal(candidate.box, candidate.kind, confidence)
    fitted = edges.fit(candidate.corners)
    if not fitted.is_seen:
        return Proposal(candidate.box, candidate.kind, confidence)
    return Proposal(candidate.box, candidate.kind, confidence, fitted.corners)
