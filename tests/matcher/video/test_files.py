from pathlib import Path

import pytest

from matcher.tracking.output import MatchedFrame
from matcher.video.files import JobFiles, JobWriter, read_overlays, read_summaries


def written(files: JobFiles, frames: int) -> dict[str, int]:
    writer = JobWriter(files, {}, str)
    for index in range(frames):
        writer.write(MatchedFrame(index, index / 25, (), (), ()))
    lengths = writer.flush()
    writer.close()
    return lengths


def test_a_checkpoint_is_reached_while_nothing_is_lost(tmp_path: Path) -> None:
    files = JobFiles.inside(tmp_path)
    lengths = written(files, 3)
    assert files.reach(lengths)
    assert not files.reach({**lengths, "frames": lengths["frames"] + 1})
    assert not files.reach({"frames": lengths["frames"]})
    files.events.unlink()
    assert not files.reach(lengths)


def test_a_writer_cuts_its_files_back_to_a_checkpoint(tmp_path: Path) -> None:
    files = JobFiles.inside(tmp_path)
    lengths = written(files, 1)
    written_later = written(files, 3)
    assert written_later["frames"] > lengths["frames"]
    JobWriter(files, lengths, str).close()
    assert [line.frame_index for line in read_overlays(files.frames)] == [0]
    assert list(read_summaries(files.appearances)) == []


def test_a_damaged_line_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "frames.jsonl"
    path.write_text('{"frame_index": 0}\n', encoding="utf-8")
    with pytest.raises(ValueError, match="FrameOverlay"):
        list(read_overlays(path))


def test_the_events_of_a_job_may_lie_elsewhere(tmp_path: Path) -> None:
    files = JobFiles.inside(tmp_path / "job", tmp_path / "events.jsonl")
    written(files, 1)
    assert (tmp_path / "events.jsonl").exists()
    assert not (tmp_path / "job" / "events.jsonl").exists()
