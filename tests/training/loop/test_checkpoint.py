"""Checkpoints on disk."""

from pathlib import Path

import pytest
import torch

from training.errors import TrainingError
from training.loop.checkpoint import load_checkpoint, save_checkpoint


def test_a_broken_checkpoint_is_refused_with_its_name(tmp_path: Path) -> None:
    broken = tmp_path / "last.pt"
    broken.write_bytes(b"not a checkpoint")
    with pytest.raises(TrainingError, match=r"last\.pt is no checkpoint"):
        load_checkpoint(broken, "cpu")


def test_a_checkpoint_holds_what_was_saved(tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    save_checkpoint({"x": torch.ones(2), "step": 3}, path)
    state = load_checkpoint(path, "cpu")
    assert state["step"] == 3
    assert not path.with_suffix(".partial").exists()
