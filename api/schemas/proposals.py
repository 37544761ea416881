"""Converts what is meant in a picture to its public JSON, with a sentence for people."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from client.proposal_records import ProposalJson, ProposalsJson

if TYPE_CHECKING:
    from matcher.crops.propose.proposal import Proposal

_DOUBTFUL: Final = 0.2  # confidence below which nothing is said to be meant, only that it may be


def proposals_json(
    name: str, size: tuple[int, int], proposals: "Sequence[Proposal]", elapsed_ms: float
) -> ProposalsJson:
    """Convert the proposals for a picture.

    Args:
        name: of the picture's file.
        size: (width, height) in pixels.
        proposals: the likeliest first, at least one.
        elapsed_ms: milliseconds it took.
    """
    return {
        "image": name,
        "width": size[0],
        "height": size[1],
        "proposals": [_proposal_json(proposal) for proposal in proposals],
        "sentence": describe(proposals),
        "elapsed_ms": round(elapsed_ms, 1),
    }


def describe(proposals: "Sequence[Proposal]") -> str:
    """Return a sentence about the first proposal, and how many others there are."""
    first = proposals[0]
    if first.kind == "whole":
        return "Nothing stands out; the whole picture may be meant."
    box = first.box
    article = "A painting" if first.kind == "painting" else "An object"
    others = sum(proposal.kind != "whole" for proposal in proposals) - 1
    meant = "may be meant" if first.confidence < _DOUBTFUL else "is meant"
    more = f", and {others} more may be" if others else ""
    left, top, right, bottom = (round(side) for side in (box.left, box.top, box.right, box.bottom))
    return f"{article} of {right - left} by {bottom - top} pixels at ({left}, {top}) {meant}{more}."


def _proposal_json(proposal: "Proposal") -> ProposalJson:
    box = proposal.box
    corners = proposal.corners
    return {
        "box": [round(float(side), 1) for side in (box.left, box.top, box.right, box.bottom)],
        "kind": proposal.kind.value,
        "confidence": round(proposal.confidence, 4),
        "corners": None
        if corners is None
        else [[round(x, 2), round(y, 2)] for x, y in corners.tolist()],
    }
