"""A recording that an earlier version made, as its files lay on the disk."""

import json
import shutil
from pathlib import Path

import cv2
import pytest

from matcher.live.recording import read_frames, read_session, replay
from matcher.tracking.codec import to_record
from tests.matcher.live.test_manager import PASSING
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


def test_its_lines_are_written_as_they_were_read(recording: Path) -> None:
    session = json.loads((recording / "session.json").read_text(encoding="utf-8"))["session"]
    assert to_record(read_session(recording)) == session
    lines = (recording / "taken.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.dumps(to_record(frame)) for frame, _ in read_frames(recording)] == lines


def test_it_is_replayed_with_the_same_events(recording: Path) -> None:
    lines = (recording / "events.jsonl").read_text(encoding="utf-8").splitlines()
    was = [json.loads(line) for line in lines]
    now = list(replay(recording, WorldFinder(PASSING), lambda _: WorldCatalog()))
    for name in ("sequence", "appearance_id", "track_id", "product_id", "timestamp", "late"):
        assert [getattr(event, name) for event in now] == [event[name] for event in was]
    assert [str(event.event) for event in now] == [event["event"] for event in was]
    assert [event.frame_age_ms for event in now] == [event["frame_age_ms"] for event in was]
