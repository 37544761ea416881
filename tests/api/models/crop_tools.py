"""Stand-ins for the tools of crops: real answers around networks that always see the same."""

import numpy as np
from numpy.typing import NDArray

from api.models.framings import KeptFramings
from matcher.crops.locate import CropLocator
from matcher.crops.propose.network import ProposedBox
from matcher.crops.propose.proposal import ProposalKind
from matcher.crops.propose.proposer import CropProposer
from matcher.crops.thumbnail.framer import ThumbnailFramer
from matcher.imaging.box import Box


class _TwoThings:
    """Sees a painting in the middle of the left half and an object in that of the right."""

    def find(self, image: NDArray[np.uint8], least: float, most: int) -> tuple[ProposedBox, ...]:
        height, width = image.shape[:2]
        painting = Box(width / 8, height / 4, width * 3 / 8, height * 3 / 4)
        thing = Box(width * 5 / 8, height / 4, width * 7 / 8, height * 3 / 4)
        corners = [[painting.left, painting.top], [painting.right, painting.top],
                   [painting.right, painting.bottom], [painting.left, painting.bottom]]  # fmt: skip
        found = (
            ProposedBox(painting, ProposalKind.PAINTING, 0.9, np.array(corners)),
            ProposedBox(thing, ProposalKind.OBJECT, 0.5, np.zeros((4, 2))),
        )
        return tuple(candidate for candidate in found if candidate.score >= least)[:most]


class FakeCropTools:
    """Implements `api.models.crops.CropTools`."""

    @property
    def locator(self) -> CropLocator:
        """Locates as ever: it needs no network."""
        return CropLocator()

    @property
    def proposer(self) -> CropProposer:
        """Proposes a painting and an object."""
        return CropProposer(_TwoThings())

    @property
    def framer(self) -> ThumbnailFramer:
        """Frames by what needs no network."""
        return ThumbnailFramer()

    @property
    def framings(self) -> KeptFramings:
        """Frames each picture anew."""
        return KeptFramings(lambda: self.framer)
