"""A job that an earlier version left half done, as its files lay on the disk."""

import base64
import json
import os
import shutil
from pathlib import Path

import pytest

from matcher.imaging.optical_flow import reduce_to_grey
from matcher.tracking.codec import from_record, to_record
from matcher.video.checkpoint import JobCheckpoint
from matcher.video.files import JobFiles, read_overlays, read_summaries
from tests.matcher.video.killable_job import SECONDS, WORLD, job

HALF_DONE = Path(__file__).parent / "half_done"
NEXT_INDEX = 34


@pytest.fixture
def record() -> dict[str, object]:
    """The checkpoint as it was, with the picture that the fixture leaves out to stay small."""
    text = (HALF_DONE / "checkpoint.json").read_text(encoding="ascii")
    record: dict[str, dict[str, dict[str, dict[str, object]]]] = json.loads(text)
    grey = reduce_to_grey(WORLD.image(NEXT_INDEX - 1))
    last = record["engine"]["flow"]["last"]
    assert last["shape"] == list(grey.shape)
    last["data"] = base64.b64encode(grey.tobytes()).decode("ascii")
    return dict(record)


@pytest.fixture
def interrupted(tmp_path: Path, record: dict[str, object]) -> Path:
    folder = tmp_path / "job"
    shutil.copytree(HALF_DONE, folder)
    (folder / "checkpoint.json").write_text(json.dumps(record), encoding="ascii")
    return folder


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"only its fingerprint matters here")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


def test_a_checkpoint_is_written_as_it_was_read(record: dict[str, object]) -> None:
    checkpoint = from_record(JobCheckpoint, record)
    assert json.dumps(to_record(checkpoint)) == json.dumps(record)


def test_a_job_of_an_earlier_version_goes_on(interrupted: Path, clip: Path) -> None:
    resumed = job(clip, interrupted)
    for _ in resumed.run():
        pass
    assert resumed.started_at_frame == NEXT_INDEX
    lines = (interrupted / "events.jsonl").read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    assert [(event["event"], event["product_id"]) for event in events] == [
        ("entered", None),
        ("confirmed", "tea"),
        ("entered", None),
        ("entered", None),
        ("confirmed", "cola"),
        ("left", "cola"),
        ("left", "tea"),
        ("left", None),
    ]
    files = JobFiles.inside(interrupted)
    overlays = list(read_overlays(files.frames))
    assert [overlay.frame_index for overlay in overlays] == list(range(int(SECONDS * WORLD.rate)))
    assert {row.answer.product_id for row in read_summaries(files.appearances)} == {
        "tea",
        "cola",
        None,
    }
