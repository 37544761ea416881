"""The method under test, as measurements call it; the caller composes it."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from matcher.results import Identification


class PhotoIdentifier(Protocol):
    """A pipeline with its catalog; may be called from several threads at once."""

    def identify(self, image: NDArray[np.uint8], *, whole_image: bool = False) -> Identification:
        """Find the products in an (H, W, 3) RGB picture."""


IdentifierBuilder: TypeAlias = Callable[[Path], PhotoIdentifier]
"""Makes a catalog of a folder of product folders and gives what recognises its products."""
