"""Films and archives that jobs keep are bounded: for each key, in all, and by the free space."""

import json
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from api.errors import QuotaExceeded
from api.http.jobs.record import RECORD, JobKind, JobState
from api.http.jobs.runner import JobContext, JobHandler, JobRunner
from api.http.jobs.upload_quota import LOOK_AGAIN, UploadBounds, UploadQuota
from catalog.errors import StorageUnavailable
from tests.api.http.jobs.test_runner import until

BOUNDS = UploadBounds(most_bytes=150, most_bytes_per_key=100, free_bytes=0)


@pytest.fixture
def quota(tmp_path: Path) -> UploadQuota:
    quota = UploadQuota(tmp_path, BOUNDS)
    for job_id, owner in (("a1", "ann"), ("a2", "ann"), ("b1", "bob")):
        quota.open(job_id, owner)
    return quota


def test_world_one_key_has_its_bytes_and_another_its_own(quota: UploadQuota) -> None:
    quota.hold("a1", 0, 60)
    with pytest.raises(QuotaExceeded) as refused:
        quota.hold("a2", 0, 41)
    sentence = str(refused.value)
    assert all(part in sentence for part in ("41 bytes", "hold 60 of the 100", "delete a job"))
    assert "SKULENS_UPLOADS_PER_KEY_GB" in sentence
    quota.hold("a2", 0, 40)
    quota.hold("b1", 0, 50)


def test_world_all_keys_together_have_a_bound(quota: UploadQuota) -> None:
    quota.hold("a1", 0, 100)
    with pytest.raises(QuotaExceeded, match=r"51 bytes, and all jobs hold 100 of the 150 .*delete"):
        quota.hold("b1", 0, 51)
    quota.hold("b1", 0, 50)


def test_world_a_body_that_announced_no_length_is_counted_as_it_comes(quota: UploadQuota) -> None:
    quota.hold("a1", 0, 0)
    quota.hold("a1", 70, 0)
    quota.hold("a2", 0, 30)
    with pytest.raises(QuotaExceeded):
        quota.hold("a1", 71, 0)


def test_world_what_was_given_back_is_free_for_others(quota: UploadQuota) -> None:
    quota.hold("a1", 0, 100)
    quota.drop("a1")
    quota.hold("a1", 50, 100)  # a chunk that was still being written
    quota.hold("a2", 0, 100)


def test_world_the_free_space_is_looked_at_before_with_what_others_still_write(
    tmp_path: Path,
) -> None:
    quota = UploadQuota(tmp_path, UploadBounds(free_bytes=10, free=lambda _: 100))
    quota.open("one", "ann")
    quota.open("two", "bob")
    quota.hold("one", 0, 60)
    with pytest.raises(StorageUnavailable) as refused:
        quota.hold("two", 0, 31)
    sentence = str(refused.value)
    assert all(
        part in sentence for part in ("nearly full", "31 bytes", "60, and 100 are free", "10 stay")
    )
    assert "delete a job" in sentence


def test_world_the_free_space_is_looked_at_meanwhile(tmp_path: Path) -> None:
    free = [10 * LOOK_AGAIN]
    quota = UploadQuota(tmp_path, UploadBounds(free_bytes=10, free=lambda _: free[0]))
    quota.open("one", "ann")
    quota.hold("one", 0, 5 * LOOK_AGAIN)
    free[0] = 9  # somebody else filled the disk
    quota.hold("one", LOOK_AGAIN - 1, 5 * LOOK_AGAIN)
    with pytest.raises(StorageUnavailable, match="nearly full"):
        quota.hold("one", LOOK_AGAIN, 5 * LOOK_AGAIN)


def test_world_jobs_of_earlier_runs_count_those_without_an_owner_in_all_alone(
    tmp_path: Path,
) -> None:
    for job_id, owner in (("0ld", None), ("new", "ann")):
        keep(tmp_path / job_id, owner, 60)
    with closing(JobRunner(tmp_path, {}, uploads=BOUNDS)) as runner:
        assert {(job.job_id, job.owner) for job in runner.list()} == {("0ld", ""), ("new", "ann")}
        job_id, _ = runner.reserve("ann")
        with pytest.raises(QuotaExceeded, match="your key's jobs hold 60 "):
            runner.uploads.hold(job_id, 0, 41)
        with pytest.raises(QuotaExceeded, match="all jobs hold 120 "):
            runner.uploads.hold(job_id, 0, 31)
        runner.forget("0ld")
        runner.uploads.hold(job_id, 0, 40)


def test_world_what_expires_and_what_a_job_removes_gives_its_bytes_back(tmp_path: Path) -> None:
    def remove(context: JobContext) -> dict[str, Any]:
        (context.folder / "upload").unlink()
        return {}

    keep(tmp_path / "expired", "ann", 100)
    with closing(runner_of(tmp_path, remove, keep_seconds=3600)) as runner:
        job_id, folder = runner.reserve("ann")
        until_gone(runner, "expired")
        runner.uploads.hold(job_id, 0, 100)
        (folder / "upload").write_bytes(bytes(100))
        assert runner.add(job_id, JobKind.IMPORT, "shop", "work", {}).owner == "ann"
        until(runner, job_id, JobState.DONE)
        runner.uploads.hold(runner.reserve("ann")[0], 0, 100)


def test_world_a_place_without_a_job_gives_its_bytes_back_and_one_with_a_job_stays(
    tmp_path: Path,
) -> None:
    with closing(runner_of(tmp_path, lambda _: {})) as runner:
        job_id, folder = runner.reserve("ann")
        runner.uploads.hold(job_id, 0, 100)
        runner.discard(job_id)
        assert not folder.exists()
        job_id, folder = runner.reserve("ann")
        runner.uploads.hold(job_id, 0, 100)
        runner.add(job_id, JobKind.IMPORT, "shop", "work", {})
        runner.discard(job_id)
        assert folder.exists()


def test_world_a_film_that_a_job_fetches_counts_for_its_key(tmp_path: Path) -> None:
    def fetch(context: JobContext) -> dict[str, Any]:
        context.hold(0, 101)
        return {}

    with closing(runner_of(tmp_path, fetch)) as runner:
        job_id, _ = runner.reserve("ann")
        runner.add(job_id, JobKind.IMPORT, "shop", "work", {})
        error = until(runner, job_id, JobState.FAILED).error
        assert "101 bytes" in str(error)
        assert "SKULENS_UPLOADS_PER_KEY_GB" in str(error)


def runner_of(folder: Path, work: JobHandler, *, keep_seconds: float = 0.0) -> JobRunner:
    handlers = {JobKind.IMPORT: work}
    return JobRunner(folder, handlers, keep_seconds=keep_seconds, uploads=BOUNDS)


def keep(folder: Path, owner: str | None, size: int) -> None:
    """The folder of a job that was over long ago; without an owner as earlier versions wrote it."""
    folder.mkdir()
    record: dict[str, Any] = {
        "job_id": folder.name, "kind": "video", "catalog": "shop", "name": "film", "order": {},
        "created_at": 1.0, "updated_at": 1.0, "state": "done", "stage": "", "done": 0,
        "total": None, "error": None, "result": None,
    }  # fmt: skip
    if owner is not None:
        record["owner"] = owner
    (folder / RECORD).write_text(json.dumps(record), encoding="utf-8")
    (folder / "upload").write_bytes(bytes(size))


def until_gone(runner: JobRunner, job_id: str) -> None:
    end = time.monotonic() + 10
    while job_id in [job.job_id for job in runner.list()]:
        assert time.monotonic() < end
        time.sleep(0.01)
