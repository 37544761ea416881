"""Front ends of keypoints, by name."""

from pathlib import Path

import pytest

from training.errors import TrainingError
from training.superglue.front_ends import FrontEndChoice, FrontEndKind

pytestmark = pytest.mark.usefixtures("one_thread")


def test_a_front_end_without_weights_is_refused(tmp_path: Path) -> None:
    choice = FrontEndChoice(FrontEndKind.SUPERPOINT, tmp_path, tmp_path)
    with pytest.raises(TrainingError, match="no weights for superpoint"):
        choice.open()
