"""How the product is cut out of a reference picture: the kind of picture, and on what grounds."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

Corner = tuple[float, float]


@dataclass(frozen=True, slots=True)
class PictureSize:
    """Pixels of an upright picture."""

    width: int
    height: int


class ReferenceKind(StrEnum):
    """Kinds of reference picture."""

    PACKSHOT = "packshot"  # one product on plain ground
    PHOTO = "photo"  # a product somewhere, before things that are not it
    WHOLE = "whole"  # all of the picture is product: a cover, a label, a painting


class KeptBy(StrEnum):
    """Grounds on which a part of a picture was taken for the product."""

    GROUND = "ground"  # it stands out from plain ground
    SIBLINGS = "siblings"  # other pictures of the product agree with it there
    DETECTOR = "detector"  # the detector is sure of one thing, and the rest is quiet
    NOTHING = "nothing"  # nothing sets a part of it apart, so that all is kept
    DOUBT = "doubt"  # a cut would have thrown away most keypoints, so that all is kept
    PERSON = "person"  # somebody said so


@dataclass(frozen=True, slots=True)
class KeptChoice:
    """A person's decision what to keep of a picture.

    Attributes:
        outline: four corners in pixels of the upright picture, in the order of its border;
            none to keep the whole picture.
    """

    outline: tuple[Corner, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether all of the picture is kept."""
        return not self.outline

    @property
    def digest(self) -> str:
        """Eight hex digits that are others for another choice."""
        return hashlib.sha256(repr(self.outline).encode()).hexdigest()[:8]


def write_choice(choice: KeptChoice) -> str | list[list[float]]:
    """Return a choice as JSON has it."""
    return "whole" if choice.is_whole else [list(corner) for corner in choice.outline]


@dataclass(frozen=True, slots=True)
class ReferenceCut:
    """How the product was cut out of its picture.

    Attributes:
        kind: of the picture.
        by: the grounds.
        share: of the whole picture's keypoints that lie in what is kept, in [0, 1].
    """

    kind: ReferenceKind
    by: KeptBy
    share: float = 1.0
