"""Labels by eye: a file of pictures and the words that a person sees in them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from bench.errors import BenchError


class PictureLabel(Protocol):
    """A label of one picture."""

    @property
    def picture(self) -> str:
        """Path below the folder of real pictures."""


LabelT = TypeVar("LabelT", bound=PictureLabel)


def read_labels(path: Path, make: Callable[..., LabelT], shared: Path) -> tuple[LabelT, ...]:
    """Return the labels of a file, in its order.

    Args:
        path: JSON, a list of objects.
        make: makes a label of the fields of one of them.
        shared: folder of real pictures.

    Raises:
        BenchError: a picture is missing.
    """
    labels = tuple(make(**label) for label in json.loads(path.read_text("utf-8")))
    missing = [label.picture for label in labels if not (shared / label.picture).is_file()]
    if missing:
        raise BenchError(f"there is no picture {missing[0]} in {shared}; see its README")
    return labels
