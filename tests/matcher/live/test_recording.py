"""Recordings: made and replayed now, and one that an earlier version left on the disk."""

import json
import shutil
from pathlib import Path

import cv2
import pytest

from matcher.live import LiveError, LiveSettings
from matcher.live.recording import read_frames, read_session, replay
from matcher.tracking.codec import to_record
from tests.matcher.live.harness import CATALOG, PASSING, TEA, ManagerHarness, catalog
from tests.matcher.live.sources import HandSource, wait_until
from tests.matcher.world import WorldCatalog, WorldFinder

RECORDED = Path(__file__).parent / "recorded"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """The recording, with the pictures that the fixture leaves out to stay small."""
    folder = tmp_path / "recording"
    shutil.copytree(RECORDED, folder)
    with (folder / "taken.jsonl").open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            taken = json.loads(line)
            if not taken["silent"]:
                picture = cv2.cvtColor(PASSING.image(taken["index"]), cv2.COLOR_RGB2BGR)
                cv2.imwrite(str(folder / f"{number:06d}.png"), picture)
    return folder


def test_lines_of_an_earlier_version_are_written_as_they_were_read(recording: Path) -> None:
    session = json.loads((recording / "session.json").read_text(encoding="utf-8"))["session"]
    assert to_record(read_session(recording)) == session
    lines = (recording / "taken.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.dumps(to_record(frame)) for frame, _ in read_frames(recording)] == lines


def test_one_of_an_earlier_version_is_replayed_with_the_same_events(
    recording: Path,
) -> None:
    lines = (recording / "events.jsonl").read_text(encoding="utf-8").splitlines()
    was = [json.loads(line) for line in lines]
    now = list(replay(recording, WorldFinder(PASSING), lambda _: WorldCatalog()))
    for name in ("sequence", "appearance_id", "track_id", "product_id", "timestamp", "late"):
        assert [getattr(event, name) for event in now] == [event[name] for event in was]
    assert [str(event.event) for event in now] == [event["event"] for event in was]
    assert [event.frame_age_ms for event in now] == [event["frame_age_ms"] for event in was]


def test_a_recording_played_again_gives_the_same_events(tmp_path: Path) -> None:
    harness = ManagerHarness(PASSING)
    film = harness.open(record=tmp_path / "recording")
    film.play(5)
    harness.manager.stop(harness.session_id)
    harness.manager.close()
    again = list(replay(tmp_path / "recording", WorldFinder(PASSING), lambda _: CATALOG))
    assert [kind for kind, _ in harness.story] == ["entered", "confirmed", "left"]
    assert [repr(event) for event in again] == [repr(event) for event in harness.events]


def test_a_recording_with_a_silence_is_replayed_with_it(tmp_path: Path) -> None:
    harness = ManagerHarness(TEA, LiveSettings(silent_seconds=0.3))
    film = harness.open(record=tmp_path / "recording")
    film.play(1.0)
    wait_until(lambda: ("left", "tea") in harness.story)
    film.play(1.0)
    harness.manager.close()
    again = list(replay(tmp_path / "recording", WorldFinder(TEA), lambda _: CATALOG))
    assert [repr(event) for event in again] == [repr(event) for event in harness.events]


def test_a_folder_that_is_not_empty_is_not_recorded_into(
    harness: ManagerHarness, tmp_path: Path
) -> None:
    (tmp_path / "precious").write_text("keep me")
    with pytest.raises(LiveError, match="not empty"):
        harness.manager.start(HandSource(), catalog, record=tmp_path)
    assert harness.manager.list() == ()


@pytest.mark.parametrize("damage", ["no folder", "no json", "other version"])
def test_a_folder_that_is_no_recording_is_refused(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "recording"
    if damage != "no folder":
        folder.mkdir()
        text = "x" if damage == "no json" else '{"format": 99}'
        (folder / "session.json").write_text(text)
    with pytest.raises(LiveError, match="record"):
        list(replay(folder, WorldFinder(TEA), lambda _: CATALOG))
