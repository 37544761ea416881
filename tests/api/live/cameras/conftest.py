"""A store of cameras and what encrypts it."""

from pathlib import Path

import pytest

from api.live.cameras import (
    CameraStore,
)
from api.live.secrets import SecretBox


@pytest.fixture
def secrets(tmp_path: Path) -> SecretBox:
    return SecretBox.from_file(tmp_path / "state" / "key")


@pytest.fixture
def store(tmp_path: Path, secrets: SecretBox) -> CameraStore:
    return CameraStore(tmp_path / "cameras.json", secrets)
