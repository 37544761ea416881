from pathlib import Path

import pytest

from api.errors import Refused
from api.http.process.state_lock import lock_state


def test_a_state_folder_belongs_to_one_service_at_a_time(tmp_path: Path) -> None:
    with (
        lock_state(tmp_path / "state"),
        pytest.raises(Refused, match="another skulens runs"),
        lock_state(tmp_path / "state", wait_s=0),
    ):
        pass
    with lock_state(tmp_path / "state", wait_s=0):
        pass
