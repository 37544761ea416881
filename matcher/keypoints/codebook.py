"""Words and codes of a front end's descriptors, so that keypoints can vote in a whole catalog."""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from catalog.encodings.codebook import KeypointCodebook
from catalog.encodings.encoding import CompactFeatures
from matcher.errors import WeightsError
from matcher.keypoints.features import FrontEnd
from matcher.networks.weights import sha256_of

# Words are kept in bytes: their coordinates lie in [-1, 1], and a step is far below what
# descriptors of one word differ by.
_STEPS: Final = 127
_ID_DIGITS: Final = 12  # hexadecimal, of the hash: as short ids elsewhere
_ARRAYS: Final = ("turn", "branches", "words", "levels")
# Keypoints carry no place here, so any size will do.
_ANY_SIDE_PX: Final = 1


class CodebookCoder:
    """Implements `catalog.encodings.encoding.KeypointCoder` with a front end's own unpacking."""

    def __init__(self, front_end: FrontEnd, codebook: KeypointCodebook) -> None:
        self._front_end = front_end
        self._codebook = codebook

    @property
    def codebook(self) -> KeypointCodebook:
        """Words and codes that the descriptors are quantised by."""
        return self._codebook

    def descriptors(self, local: CompactFeatures) -> NDArray[np.float32]:
        """Return (N, D) float32 unit descriptors of an encoding's keypoints."""
        return self._front_end.unpack(local, _ANY_SIDE_PX, _ANY_SIDE_PX).descriptors


def read_codebook(path: Path) -> KeypointCodebook:
    """Read a codebook from a safetensors file.

    Raises:
        WeightsError: the file cannot be read or holds something else.
    """
    try:
        arrays = load_file(path)
        codebook_id = sha256_of(path)[:_ID_DIGITS]
        turn, branches, words, levels = (arrays[name] for name in _ARRAYS)
    except (OSError, KeyError, SafetensorError) as error:
        raise WeightsError(f"{path.name} is no codebook of keypoints: {error}") from error
    wide = words.astype(np.float32) / np.float32(_STEPS)
    return KeypointCodebook(
        codebook_id,
        turn.astype(np.float32),
        branches.astype(np.float32),
        wide,
        levels.astype(np.float32),
    )


def save_codebook(codebook: KeypointCodebook, path: Path) -> None:
    """Write a codebook as safetensors; its id becomes that of the file."""
    steps = np.clip(np.rint(codebook.words * _STEPS), -_STEPS, _STEPS)
    arrays: dict[str, NDArray[np.generic]] = {
        "turn": codebook.turn,
        "branches": codebook.branches.astype(np.float16),
        "words": steps.astype(np.int8),
        "levels": codebook.levels,
    }
    save_file(arrays, path)
    path.chmod(0o644)
