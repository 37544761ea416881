"""The state of a run on disk; a kill at any moment leaves the old file or the new one."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from training.errors import TrainingError


def save_checkpoint(state: Mapping[str, object], path: Path) -> None:
    """Write the state beside the target, then replace the target."""
    beside = path.with_suffix(".partial")
    torch.save(dict(state), beside)
    beside.replace(path)


def load_checkpoint(path: Path, device: str) -> dict[str, Any]:
    """Read what `save_checkpoint` wrote; tensors and plain values only.

    Raises:
        TrainingError: the file is missing or no checkpoint.
    """
    try:
        state = torch.load(path, map_location=device, weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise TrainingError(f"{path} is no checkpoint: start without --resume") from error
    return dict(state)
