"""Jobs: done in turn, followed, cancelled, gone on with after a restart."""

import io
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from api.errors import Refused
from api.http.jobs.handlers import unpack
from api.http.jobs.record import Job, JobKind, JobState
from api.http.jobs.runner import JobContext, JobHandler, JobRunner
from api.http.problems import Problem
from tests.api.http.serving import Service, png, serving
from tests.stream.clips import write_clip


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


@pytest.mark.parametrize("name", ["../out", "/etc/x", "a/../../b", "a\\..\\..\\b", "a//b"])
def test_an_archive_cannot_write_outside_its_folder(tmp_path: Path, name: str) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr(name, b"x")
    with pytest.raises(Refused, match="not allowed"):
        unpack(archive, tmp_path / "out", lambda *_: None)


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK no")
    with pytest.raises(Refused, match="no ZIP"):
        unpack(tmp_path / "a.zip", tmp_path / "out", lambda *_: None)


def test_products_come_in_by_an_archive(service: Service) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("pepper/one.png", png(11))
    answer = service.client.post(
        "/v1/catalogs/shop/import",
        content=file.getvalue(),
        headers={"Content-Type": "application/zip"},
    )
    assert answer.status_code == 202
    done = followed(service, answer.headers["location"])
    assert [row["status"] for row in done["result"]["rows"]] == ["added"]
    assert service.client.get("/v1/catalogs/shop/products/pepper").status_code == 200
    service.client.delete("/v1/catalogs/shop/products/pepper")


def test_a_catalog_is_compared_with_its_storage(service: Service) -> None:
    answer = service.client.post("/v1/catalogs/shop/reconcile", json={"dry_run": True})
    assert followed(service, answer.headers["location"])["result"]["drift"] == 0


def test_a_video_is_sent_matched_and_looked_at(service: Service, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    write_clip(clip)
    sent = service.client.post(
        "/v1/catalogs/shop/videos",
        params={"name": "clip.mp4"},
        content=clip.read_bytes(),
        headers={"Content-Type": "video/mp4"},
    )
    assert sent.status_code == 202, sent.text
    path = sent.headers["location"]
    done = followed(service, path)
    assert (done["state"], done["name"]) == ("done", "clip.mp4")
    assert done["result"]["frames"] > 0
    found = service.client.get(f"{path}/events").json()
    assert found["state"] == "done"
    events = service.client.get(f"{path}/events", headers={"Accept": "text/event-stream"}).text
    assert events.count("event: appearance") == len(found["events"])
    assert "event: end" in events
    part = service.client.get(f"{path}/annotated.mp4", headers={"Range": "bytes=0-99"})
    assert (part.status_code, len(part.content)) == (206, 100)
    assert service.client.get(f"{path}/video").content == clip.read_bytes()
    listed = service.client.get("/v1/catalogs/shop/videos").json()["videos"]
    assert done["job_id"] in [job["job_id"] for job in listed]
    assert service.client.delete(path).status_code == 204
    assert service.client.get(path).status_code == 404


def followed(service: Service, path: str) -> dict[str, Any]:
    """A job when it is over."""
    end = time.monotonic() + 20
    while True:
        job: dict[str, Any] = service.client.get(path).json()
        if job["state"] in ("done", "failed", "cancelled"):
            assert job["error"] is None
            return job
        assert time.monotonic() < end, job
        time.sleep(0.05)


def test_nothing_is_left_of_a_service_that_ends(tmp_path: Path) -> None:
    with serving(tmp_path) as running_service:
        assert running_service.client.get("/readyz").json()["status"] == "ready"
    assert not (tmp_path / "state" / "run").exists()
