"""Labelled pictures of art: their kinds, and which of them are kept to measure with.

Pictures of one walk show one street, one fair, one mural twice; so whole walks are kept or learnt
from, never half of one.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from matcher.imaging.box import Box
from training.data.sources import LabelledFile
from training.errors import TrainingError

# Of all pictures, at least so many are kept.
_KEPT_SHARE: Final = 0.42
# A phone numbers its pictures: those of neighbouring numbers were taken on one walk.
_NEIGHBOURS: Final = 5
_NUMBERED: Final = re.compile(r"^DSC_(\d+)")
_DATED: Final = re.compile(r"^(?:WP_)?(\d{8})_")
# Boxes that were drawn twice around one thing.
_SAME_IOU: Final = 0.88


@dataclass(frozen=True, slots=True)
class ArtSplit:
    """Pictures of art, apart.

    Attributes:
        learnt: to train on.
        kept: to measure with; nothing of them is ever trained on, not even as a background.
    """

    learnt: tuple[LabelledFile, ...]
    kept: tuple[LabelledFile, ...]


def read_art_split(root: Path) -> ArtSplit:
    """Read the labelled pictures of the data folder and split them by the hash of their walk.

    Pictures without art stay in, without boxes.

    Raises:
        TrainingError: the folder has none, or they cannot be read.
    """
    folder = root / "art_boxes"
    try:
        entries = json.loads((folder / "boxes.json").read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise TrainingError(
            f"{folder / 'boxes.json'} is missing or broken: --data must name the data folder"
        ) from error
    files = {
        name: LabelledFile(
            folder / "images" / name,
            _distinct(tuple(Box(*box) for box in entry["boxes"])),
            max(entry["size"]),
        )
        for name, entry in entries.items()
    }
    kept = _kept_names(tuple(files))
    return ArtSplit(
        tuple(files[name] for name in sorted(files) if name not in kept),
        tuple(files[name] for name in sorted(files) if name in kept),
    )


def group_by_walk(names: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Group names of pictures that were taken on one walk, by number or date."""
    walks: list[list[str]] = []
    last: tuple[str, int] | None = None
    for name in sorted(names):
        place = _place(name)
        if last and place and place[0] == last[0] and place[1] - last[1] <= _NEIGHBOURS:
            walks[-1].append(name)
        else:
            walks.append([name])
        last = place
    return tuple(tuple(walk) for walk in walks)


def _place(name: str) -> tuple[str, int] | None:
    """Return the series of a picture and its number in it; of dated ones, all have the same."""
    if numbered := _NUMBERED.match(name):
        return "DSC", int(numbered[1])
    if dated := _DATED.match(name):
        return dated[1], 0
    return None


def _kept_names(names: tuple[str, ...]) -> frozenset[str]:
    kept: list[str] = []
    for walk in sorted(group_by_walk(names), key=lambda walk: _hash(walk[0])):
        if len(kept) >= _KEPT_SHARE * len(names):
            break
        kept.extend(walk)
    return frozenset(kept)


def _hash(name: str) -> bytes:
    return hashlib.sha256(f"skulens propose {name}".encode()).digest()


def _distinct(boxes: tuple[Box, ...]) -> tuple[Box, ...]:
    found: list[Box] = []
    for box in boxes:
        if all(box.iou(other) < _SAME_IOU for other in found):
            found.append(box)
    return tuple(found)
