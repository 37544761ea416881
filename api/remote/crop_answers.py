"""Questions about pictures alone, as commands ask them: of this machine, or of a server."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from api.models.crops import CropTools
    from client.location_records import LocatedCropJson
    from client.proposal_records import ProposalsJson
    from client.thumbnail_records import ThumbnailsJson
    from matcher.crops.propose.ranking import Point
    from matcher.crops.thumbnail.aspect import Aspect


@dataclass(frozen=True, slots=True, eq=False)
class QueryPicture:
    """A picture file that something is asked about.

    Attributes:
        name: of the file, as answers repeat it.
        data: the whole file.
        image: (H, W, 3) uint8, RGB, upright.
    """

    name: str
    data: bytes
    image: "NDArray[np.uint8]"


@dataclass(frozen=True, slots=True, eq=False)
class LocatedPair:
    """How two pictures are related.

    Attributes:
        answer: as it is published.
        difference: (H, W, 3) uint8, what differs; None where it was not asked for, or there is no
            crop to draw.
    """

    answer: "LocatedCropJson"
    difference: "NDArray[np.uint8] | None"


class CropAnswers(Protocol):
    """Answers about pictures; raises errors of `api.errors.refusals`."""

    def locate(
        self, a: QueryPicture, b: QueryPicture, *, mirrored: bool, difference: bool = False
    ) -> LocatedPair:
        """Say whether one picture is a crop of the other."""

    def propose(self, picture: QueryPicture, point: "Point | None", limit: int) -> "ProposalsJson":
        """Say what is meant, perhaps by a tap inside the picture."""

    def thumbnails(self, picture: QueryPicture, aspects: "Sequence[Aspect]") -> "ThumbnailsJson":
        """Frame a picture at each aspect."""


class LocalCrops:
    """Answers in this process; implements `CropAnswers`."""

    def __init__(self, tools: "CropTools") -> None:
        self._tools = tools

    def locate(
        self, a: QueryPicture, b: QueryPicture, *, mirrored: bool, difference: bool = False
    ) -> LocatedPair:
        """Say whether one picture is a crop of the other."""
        from api.schemas.located_crops import located_crop_json
        from matcher.crops.locate import draw_difference

        found = self._tools.locator.locate(a.image, b.image, mirrored=mirrored)
        drawn = draw_difference(a.image, b.image, found) if difference else None
        return LocatedPair(located_crop_json(a.name, b.name, found), drawn)

    def propose(self, picture: QueryPicture, point: "Point | None", limit: int) -> "ProposalsJson":
        """Say what is meant, perhaps by a tap inside the picture."""
        from api.schemas.proposals import proposals_json

        proposer = self._tools.proposer
        began = perf_counter()
        found = proposer.propose(picture.image, point, limit)
        elapsed_ms = 1000 * (perf_counter() - began)
        height, width = picture.image.shape[:2]
        return proposals_json(picture.name, (width, height), found, elapsed_ms)

    def thumbnails(self, picture: QueryPicture, aspects: "Sequence[Aspect]") -> "ThumbnailsJson":
        """Frame a picture at each aspect."""
        from api.schemas.thumbnails import thumbnails_json

        framer = self._tools.framer
        began = perf_counter()
        scene = framer.look(picture.image)
        framed = [framer.frame(scene, aspect) for aspect in aspects]
        elapsed_ms = 1000 * (perf_counter() - began)
        return thumbnails_json(picture.name, scene, framed, elapsed_ms)
