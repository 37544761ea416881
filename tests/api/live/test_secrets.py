"""The key of stored secrets."""

from pathlib import Path

import pytest

from api.errors import Refused
from api.live.secrets import SecretBox


def test_the_key_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    key = tmp_path / "state" / "key"
    secrets = SecretBox.from_file(key)
    assert key.stat().st_mode & 0o777 == 0o600
    assert SecretBox.from_file(key).decrypt(secrets.encrypt("x")) == "x"
    key.chmod(0o644)
    with pytest.raises(Refused, match="chmod 600"):
        SecretBox.from_file(key)
