"""Fixtures of the stream tests."""

from pathlib import Path
from typing import Any

import pytest

from tests.stream.clips import MakeClip, write_clip


@pytest.fixture
def make_clip(tmp_path: Path) -> MakeClip:
    """Write a clip of a name into the test's folder; see `write_clip`."""

    def make(name: str = "clip.mp4", **options: Any) -> Path:
        return write_clip(tmp_path / name, **options)

    return make
