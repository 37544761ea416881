from dataclasses import replace

import numpy as np

from api.schemas.proposals import describe, proposals_json
from matcher.crops.propose.proposal import Proposal, ProposalKind
from matcher.imaging.box import Box

WHOLE = Proposal(Box(0, 0, 80, 60), ProposalKind.WHOLE, 0.08)
PAINTING = Proposal(
    Box(10, 12, 40, 50), ProposalKind.PAINTING, 0.91237, np.array([[10, 12.345], [40, 13]] * 2)
)


def test_boxes_and_corners_are_rounded_for_people() -> None:
    answer = proposals_json("hall.jpg", (80, 60), (PAINTING, WHOLE), 12.345)
    assert answer["proposals"][0] == {
        "box": [10, 12, 40, 50],
        "kind": "painting",
        "confidence": 0.9124,
        "corners": [[10, 12.35], [40, 13], [10, 12.35], [40, 13]],
    }
    assert answer["elapsed_ms"] == 12.3


def test_the_sentence_counts_the_others_and_admits_that_nothing_stands_out() -> None:
    assert describe((PAINTING, WHOLE)) == "A painting of 30 by 38 pixels at (10, 12) is meant."
    assert describe((PAINTING, PAINTING, WHOLE)).endswith("and 1 more may be.")
    assert "Nothing stands out" in describe((WHOLE,))


def test_what_is_doubtful_may_be_meant() -> None:
    doubtful = replace(PAINTING, confidence=0.19)
    assert describe((doubtful, WHOLE)).endswith("may be meant.")
    assert describe((doubtful, PAINTING)).endswith("may be meant, and 1 more may be.")
