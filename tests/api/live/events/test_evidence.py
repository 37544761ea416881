import os
from pathlib import Path

import pytest

from api.errors import Refused
from api.live.events import Evidence, EvidenceSettings

DAY = 86_400.0


class Clock:
    def __init__(self) -> None:
        self.now = 1_000 * DAY

    def __call__(self) -> float:
        return self.now


def test_a_picture_is_kept_and_replaced(tmp_path: Path) -> None:
    evidence = Evidence(tmp_path / "evidence")
    evidence.keep("s-1", b"one")
    evidence.keep("s-1", b"two")
    assert evidence.get("s-1") == b"two"
    assert evidence.get("s-2") is None


def test_it_goes_after_its_days(tmp_path: Path) -> None:
    clock = Clock()
    evidence = Evidence(tmp_path, EvidenceSettings(days=2), clock=clock)
    for name, age in (("old", 3), ("young", 1)):
        evidence.keep(name, b"x")
        at = clock.now - age * DAY
        os.utime(tmp_path / f"{name}.jpg", (at, at))
    assert evidence.sweep() == 1
    assert evidence.get("old") is None
    assert evidence.get("young") == b"x"


def test_there_are_never_too_many_and_the_oldest_go(tmp_path: Path) -> None:
    clock = Clock()
    evidence = Evidence(tmp_path, EvidenceSettings(days=10, most=2), clock=clock)
    for number in range(4):
        evidence.keep(f"s-{number}", b"x")
        os.utime(tmp_path / f"s-{number}.jpg", (clock.now + number, clock.now + number))
    evidence.sweep()
    assert [evidence.get(f"s-{number}") for number in range(4)] == [None, None, b"x", b"x"]


def test_with_no_days_nothing_is_kept(tmp_path: Path) -> None:
    evidence = Evidence(tmp_path, EvidenceSettings(days=0))
    evidence.keep("s-1", b"x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../secret", "", "a/b", ".hidden", "x" * 200])
def test_an_id_that_is_none_reaches_no_file(tmp_path: Path, name: str) -> None:
    evidence = Evidence(tmp_path)
    with pytest.raises(Refused, match="no appearance"):
        evidence.get(name)
    with pytest.raises(Refused):
        evidence.keep(name, b"x")


def test_other_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    Evidence(tmp_path, EvidenceSettings(most=0)).sweep()
    assert (tmp_path / "notes.txt").read_text() == "mine"
