import subprocess
import sys
from pathlib import Path

import pytest

from matcher.video.checkpoint import JobCheckpoint, fingerprint
from matcher.video.files import JobFiles, read_overlays, read_summaries
from tests.matcher.video.killable_job import SECONDS, WORLD, job
from tests.matcher.world import WorldCatalog

ROOT = Path(__file__).parents[3]
OUTPUTS = ("events.jsonl", "frames.jsonl", "appearances.jsonl")


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"only its fingerprint matters here")
    return path


def killed_before(frame: int, video: Path, folder: Path) -> None:
    """Run the job in a second process and kill it (-9) when it comes to a frame."""
    command = [sys.executable, "-m", "tests.matcher.video.killable_job"]
    with subprocess.Popen(
        [*command, str(video), str(folder), str(frame)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "stopped\n"
        process.kill()
    assert process.returncode == -9


def test_a_killed_job_goes_on_and_writes_what_an_uninterrupted_one_writes(
    tmp_path: Path, video: Path
) -> None:
    for _ in job(video, tmp_path / "straight").run():
        pass
    killed_before(38, video, tmp_path / "killed")
    killed_before(66, video, tmp_path / "killed")
    last = job(video, tmp_path / "killed")
    for _ in last.run():
        pass
    assert last.started_at_frame > 38
    for name in OUTPUTS:
        straight = (tmp_path / "straight" / name).read_bytes()
        assert (tmp_path / "killed" / name).read_bytes() == straight
        assert straight
    assert not (tmp_path / "killed" / "checkpoint.json").exists()


def test_a_job_killed_before_its_first_checkpoint_starts_from_the_beginning(
    tmp_path: Path, video: Path
) -> None:
    killed_before(5, video, tmp_path / "job")
    again = job(video, tmp_path / "job")
    frames = list(again.run())
    assert again.started_at_frame == 0
    assert [frame.frame_index for frame in frames][:3] == [0, 1, 2]
    assert len(list(read_overlays(tmp_path / "job" / "frames.jsonl"))) == SECONDS * WORLD.rate


@pytest.mark.parametrize("reason", ["catalog", "video", "lost output", "damaged checkpoint"])
def test_a_checkpoint_of_something_else_is_not_continued(
    tmp_path: Path, video: Path, reason: str
) -> None:
    folder, catalog = tmp_path / "job", WorldCatalog()
    killed_before(40, video, folder)
    match reason:
        case "catalog":
            catalog = WorldCatalog(index_version=8)
        case "video":
            video.write_bytes(b"another clip")
        case "lost output":
            (folder / "events.jsonl").unlink()
        case _:
            (folder / "checkpoint.json").write_text("{", encoding="ascii")
    again = job(video, folder, catalog=catalog)
    next(iter(again.run()))
    assert again.started_at_frame == 0


def test_overlays_and_summaries_are_read_back(tmp_path: Path, video: Path) -> None:
    frames = list(job(video, tmp_path).run())
    files = JobFiles.inside(tmp_path)
    lines = list(read_overlays(files.frames))
    assert [line.frame_index for line in lines] == list(range(90))
    assert [[item.box for item in line.overlay] for line in lines] == [
        [item.box for item in frame.overlay] for frame in frames[:-1]
    ]
    found = {row.answer.product_id: row for row in read_summaries(files.appearances)}
    assert found.keys() == {"tea", "cola", None}
    assert found["cola"].first.media_time_s == pytest.approx(1.1, abs=0.2)
    assert found["cola"].last.media_time_s == pytest.approx(2.5, abs=0.2)


def test_events_are_on_the_disk_as_soon_as_they_are_emitted(tmp_path: Path, video: Path) -> None:
    for frame in job(video, tmp_path).run():
        if frame.events:
            lines = (tmp_path / "events.jsonl").read_text(encoding="utf-8").splitlines()
            assert len(lines) == frame.events[-1].sequence


def test_a_checkpoint_is_replaced_as_a_whole(tmp_path: Path, video: Path) -> None:
    frames = iter(job(video, tmp_path).run())
    for _ in range(40):
        next(frames)
    path = tmp_path / "checkpoint.json"
    saved = JobCheckpoint.load(path)
    assert saved is not None
    saved.save(path)
    assert [path.name for path in tmp_path.glob("checkpoint*")] == ["checkpoint.json"]


def test_a_fingerprint_tells_files_apart_by_size_and_both_ends(tmp_path: Path) -> None:
    path = tmp_path / "long.mp4"
    prints = set()
    for data in (b"a" * 3_000_000, b"a" * 3_000_001, b"a" * 2_999_999 + b"b", b""):
        path.write_bytes(data)
        prints.add(fingerprint(path))
    assert len(prints) == 4
