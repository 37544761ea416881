"""A contact sheet of what is still wrong, to be looked at: the surest wrong names first."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.recognition.dataset import Dataset, PhotoQuery, load_picture
from bench.recognition.recognition import MethodResult
from bench.recognition.score import Answer
from bench.tiles import fitted, in_rows

_SIDE: Final = 220  # pixels of a picture's longer side
_LINE: Final = 20  # pixels for each line of the caption
_COLUMNS: Final = 3
_MOST: Final = 60  # answers on a sheet
_PAPER: Final = 255  # grey
_INK: Final = (200, 40, 40)  # of outlines, RGB
_LETTERS: Final = 62  # that fit under two pictures

Image = NDArray[np.uint8]


def draw_sheet(dataset: Dataset, queries: Sequence[PhotoQuery], method: MethodResult) -> Image:
    """Draw each wrong answer: the photo with the outline, and the product it was taken for.

    Unknown photos count as wrong when they were called identical.

    Args:
        dataset: whose catalog holds the references.
        queries: the photos, in the order of the method's answers.
        method: that answered.

    Returns:
        (H, W, 3) uint8 RGB; white where nothing is wrong.
    """
    wrong = [
        (query, answer, outline)
        for query, answer, outline in zip(queries, method.answers, method.outlines, strict=True)
        if not answer.is_right and (answer.truth is not None or answer.identical)
    ]
    wrong.sort(key=lambda found: -found[1].probability)
    references = dataset.references()
    tiles = [
        _tile(query, answer, outline, references.get(answer.named or "", []))
        for query, answer, outline in wrong[:_MOST]
    ]
    return in_rows(tiles or [_blank()], _COLUMNS)


def save_sheet(sheet: Image, file: Path) -> None:
    """Write a sheet as the kind of picture that the file's name says.

    Raises:
        BenchError: it cannot be written there.
    """
    _, encoded = cv2.imencode(file.suffix, sheet[..., ::-1])
    try:
        file.write_bytes(encoded.tobytes())
    except OSError as error:
        raise BenchError(f"cannot write {file}: {error.strerror}") from error


def check_sheet(file: Path) -> None:
    """Refuse a file that no sheet can be written to, before anything is measured.

    Raises:
        BenchError: its name is of no kind of picture, or its folder is missing.
    """
    if file.suffix.lower() not in (".jpg", ".jpeg", ".png"):
        raise BenchError(f"a sheet cannot be written to {file}: name it .jpg or .png")
    if not file.parent.is_dir():
        raise BenchError(f"there is no folder {file.parent} to write {file.name} to; make it first")


def _tile(
    query: PhotoQuery, answer: Answer, outline: NDArray[np.float64], named: Sequence[Path]
) -> Image:
    photo = np.ascontiguousarray(load_picture(query.path))
    if len(outline):
        thick = max(max(photo.shape[:2]) // 150, 1)
        corners = np.rint(outline).astype(np.int32)
        cv2.polylines(photo, [corners], isClosed=True, color=_INK, thickness=thick)
    tile = _blank()
    for left, picture in enumerate([photo, *map(load_picture, named[:1])]):
        small = fitted(picture, _SIDE)
        tile[: small.shape[0], left * _SIDE : left * _SIDE + small.shape[1]] = small
    verdict = " (identical)" if answer.identical else ""
    lines = (
        f"{query.path.stem[-24:]}: {answer.truth or 'unknown'}",
        f"as {answer.named or 'nothing'}, {answer.probability:.2f}{verdict}",
    )
    for number, line in enumerate(lines):
        foot = (3, _SIDE + _LINE * (number + 1) - 6)
        cv2.putText(tile, line[:_LETTERS], foot, 0, 0.4, (0, 0, 0), 1, cv2.LINE_AA)
    return tile


def _blank() -> Image:
    return np.full((_SIDE + 2 * _LINE, 2 * _SIDE, 3), _PAPER, np.uint8)
