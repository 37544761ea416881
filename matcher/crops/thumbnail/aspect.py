"""The shape of a crop, as people write it."""

import re
from dataclasses import dataclass
from typing import Final

from matcher.errors import MatcherError

MOST_EXTREME: Final = 10  # times as long as wide; a thinner crop shows nothing
_WRITTEN: Final = re.compile(r"([0-9]{1,5}(?:\.[0-9]{1,3})?):([0-9]{1,5}(?:\.[0-9]{1,3})?)")


class AspectError(MatcherError):
    """An aspect is misspelt, or no crop can have it."""


@dataclass(frozen=True, slots=True)
class Aspect:
    """Width to height.

    Attributes:
        name: as it was written, such as 16:9.
        ratio: width / height.
    """

    name: str
    ratio: float

    @classmethod
    def parse(cls, text: str) -> "Aspect":
        """Read an aspect such as 1:1, 16:9 or 2.35:1.

        Raises:
            AspectError: it is written otherwise, has a 0, or is more extreme than 10:1.
        """
        written = _WRITTEN.fullmatch(text.strip())
        if written is None:
            raise AspectError(f"{text!r} is no aspect; write width:height, such as 1:1 or 16:9.")
        width, height = float(written[1]), float(written[2])
        if not width or not height:
            raise AspectError(f"the aspect {text} has a side of 0; write one such as 1:1 or 16:9.")
        if not 1 / MOST_EXTREME <= width / height <= MOST_EXTREME:
            raise AspectError(
                f"the aspect {text} is too extreme; give one between 1:{MOST_EXTREME} and "
                f"{MOST_EXTREME}:1."
            )
        return cls(text.strip(), width / height)


def check_height(aspect: Aspect, width: int, most: int) -> None:
    """Accept a width in pixels at which crops of an aspect are at most `most` pixels high.

    Raises:
        AspectError: they would be higher; the sentence says which width can be had.
    """
    height = round(width / aspect.ratio)
    if height > most:
        raise AspectError(
            f"{width} pixels wide, a thumbnail of {aspect.name} would be {height} pixels high and "
            f"at most {most} are made; ask for a width of {int(most * aspect.ratio)} or less."
        )
