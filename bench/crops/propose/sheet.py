"""A contact sheet of first proposals, worst first, to be looked at."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.crops.propose.art import ArtPicture, read_small
from bench.tiles import fitted, in_rows
from matcher.crops.propose.proposal import Proposal
from matcher.crops.propose.proposer import CropProposer

_TILE: Final = 260  # pixels of a picture's longer side
_LINE: Final = 22  # pixels for its caption
_COLUMNS: Final = 6
_LABEL, _FIRST, _OTHER = (40, 170, 60), (200, 40, 40), (235, 160, 60)  # inks, RGB


def draw_sheet(pictures: Sequence[ArtPicture], proposer: CropProposer, file: Path) -> None:
    """Draw labels, the first proposal with its corners, and three more, for every picture.

    Raises:
        OSError: the file cannot be written.
    """
    tiles = sorted((_tile(picture, proposer) for picture in pictures), key=lambda tile: tile[0])
    sheet = in_rows([image for _, image in tiles], _COLUMNS)
    _, encoded = cv2.imencode(file.suffix, sheet[..., ::-1])
    file.write_bytes(encoded.tobytes())


def _tile(picture: ArtPicture, proposer: CropProposer) -> tuple[float, NDArray[np.uint8]]:
    image, _ = read_small(picture.path)
    found = proposer.propose(image, limit=4)
    scale = max(image.shape[:2]) / picture.longest
    labels = [box.scaled(scale) for box in picture.boxes]
    iou = max((found[0].box.iou(label) for label in labels), default=1.0)
    drawn = image.copy()
    for label in labels:
        _frame(drawn, (label.left, label.top, label.right, label.bottom), _LABEL, 2)
    for proposal in found[:0:-1]:
        _draw(drawn, proposal, _OTHER, 1)
    _draw(drawn, found[0], _FIRST, 3)
    small = fitted(drawn, _TILE)
    tile = np.full((_TILE + _LINE, _TILE, 3), 255, np.uint8)
    tile[: small.shape[0], : small.shape[1]] = small
    caption = f"{iou:.2f} {found[0].kind.value} {picture.path.stem[:18]}"
    cv2.putText(tile, caption, (2, _TILE + 16), 0, 0.42, (0, 0, 0), 1, cv2.LINE_AA)
    return iou, tile


def _draw(
    image: NDArray[np.uint8], proposal: Proposal, ink: tuple[int, int, int], wide: int
) -> None:
    box = proposal.box
    _frame(image, (box.left, box.top, box.right, box.bottom), ink, wide)
    if proposal.corners is not None:
        outline = np.rint(proposal.corners).astype(np.int32)
        cv2.polylines(image, [outline], True, (60, 120, 230), 1, cv2.LINE_AA)


def _frame(
    image: NDArray[np.uint8],
    sides: tuple[float, float, float, float],
    ink: tuple[int, int, int],
    wide: int,
) -> None:
    left, top, right, bottom = (round(side) for side in sides)
    cv2.rectangle(image, (left, top), (right, bottom), ink, wide)
