"""Jobs: done in turn, followed, cancelled, gone on with after a restart."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from api.errors import Refused
from api.http.jobs.record import Job, JobKind, JobState
from api.http.jobs.runner import JobContext, JobHandler, JobRunner
from api.http.problems import Problem


@contextmanager
def running(folder: Path, work: JobHandler) -> Iterator[JobRunner]:
    with closing(JobRunner(folder, {JobKind.MODEL: work})) as runner:
        yield runner


def begun(runner: JobRunner) -> Job:
    job_id, _ = runner.reserve()
    return runner.add(job_id, JobKind.MODEL, "shop", "work", {})


def until(runner: JobRunner, job_id: str, state: JobState) -> Job:
    end = time.monotonic() + 10
    while (job := runner.get(job_id)).state is not state:
        assert time.monotonic() < end, job
        time.sleep(0.01)
    return job


def counting(context: JobContext) -> dict[str, Any]:
    """Counts for ever, until it is told to stop."""
    number = 0
    while True:
        number += 1
        context.progress("counting", number, None)
        time.sleep(0.001)


def test_what_is_over_expires_with_its_files(tmp_path: Path) -> None:
    with running(tmp_path, lambda _: {}) as runner:
        kept = until(runner, begun(runner).job_id, JobState.DONE)
    with closing(JobRunner(tmp_path, {}, keep_seconds=3600)) as runner:
        time.sleep(0.05)
        assert runner.get(kept.job_id).state is JobState.DONE
    with closing(JobRunner(tmp_path, {}, keep_seconds=0.01)) as runner:
        end = time.monotonic() + 10
        while runner.list() or (tmp_path / kept.job_id).exists():
            assert time.monotonic() < end
            time.sleep(0.01)


def test_a_job_is_done_and_its_result_kept(tmp_path: Path) -> None:
    with running(tmp_path, lambda _: {"answer": 42}) as runner:
        job = begun(runner)
        assert until(runner, job.job_id, JobState.DONE).result == {"answer": 42}
    with running(tmp_path, counting) as runner:
        assert runner.get(job.job_id).result == {"answer": 42}


def test_a_refusal_is_shown_and_the_next_job_has_its_turn(tmp_path: Path) -> None:
    def work(context: JobContext) -> dict[str, Any]:
        if context.job.name == "work":
            raise Refused("this cannot be")
        raise ZeroDivisionError

    with running(tmp_path, work) as runner:
        first = begun(runner)
        second = runner.add(runner.reserve()[0], JobKind.MODEL, "shop", "other", {})
        assert until(runner, first.job_id, JobState.FAILED).error == "this cannot be"
        assert "ZeroDivisionError" in str(until(runner, second.job_id, JobState.FAILED).error)


def test_a_running_and_a_waiting_job_are_cancelled_and_gone_on_with(tmp_path: Path) -> None:
    with running(tmp_path, counting) as runner:
        first, second = begun(runner), begun(runner)
        until(runner, first.job_id, JobState.RUNNING)
        assert runner.cancel(second.job_id).state is JobState.CANCELLED
        assert runner.cancel(first.job_id).state is JobState.CANCELLED
        assert runner.resume(first.job_id).state in (JobState.WAITING, JobState.RUNNING)
        until(runner, first.job_id, JobState.RUNNING)
        with pytest.raises(Problem, match="is running"):
            runner.resume(first.job_id)


def test_a_job_that_the_end_interrupts_goes_on_after_the_next_start(tmp_path: Path) -> None:
    with running(tmp_path, counting) as runner:
        job = begun(runner)
        until(runner, job.job_id, JobState.RUNNING)
    with running(tmp_path, lambda _: {}) as runner:
        until(runner, job.job_id, JobState.DONE)


def test_a_forgotten_job_leaves_nothing(tmp_path: Path) -> None:
    with running(tmp_path, lambda _: {}) as runner:
        job = begun(runner)
        until(runner, job.job_id, JobState.DONE)
        runner.forget(job.job_id)
        with pytest.raises(Problem, match="no job"):
            runner.get(job.job_id)
    assert list(tmp_path.iterdir()) == []


def test_an_upload_that_never_became_a_job_is_removed_at_the_next_start(tmp_path: Path) -> None:
    with running(tmp_path, counting) as runner:
        _, folder = runner.reserve()
        (folder / "upload").write_bytes(b"half")
    with running(tmp_path, counting):
        assert not folder.exists()
