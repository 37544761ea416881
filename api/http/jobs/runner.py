"""Runs jobs one after another in a thread; what was running when the service ended goes on."""

import logging
import secrets
import shutil
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from pathlib import Path
from threading import Condition, Thread
from typing import Any, Final

from api.errors import refusals, sentence
from api.http.jobs.record import Job, JobKind, JobState, load, save
from api.http.jobs.upload_quota import UploadBounds, UploadQuota
from api.http.problems import Problem

MOST_WAITING: Final = 64  # jobs
MOST_KEPT: Final = 200  # jobs that are over; their files go with them
SAVE_S: Final = 1.0  # between two writes of a job's progress
DAY_SECONDS: Final = 86_400.0
SWEEP_S: Final = 3600.0  # between two looks for jobs that have expired

_logger: Final = logging.getLogger(__name__)


class JobStopped(Exception):
    """The job is to stop here: it was cancelled, or the service ends."""


@dataclass(frozen=True, slots=True)
class JobContext:
    """A job under way.

    Attributes:
        job: as it was when it was taken up.
        folder: its own; kept until the job is forgotten.
        progress: takes the stage, steps done and steps in all; raises `JobStopped`.
        hold: takes the bytes so far and in all of what is fetched, before more is written; raises
            as `UploadQuota.hold`.
    """

    job: Job
    folder: Path
    progress: Callable[[str, int, int | None], None]
    hold: Callable[[int, int], None] = lambda *_: None


JobHandler = Callable[[JobContext], dict[str, Any]]


class JobRunner:
    """Thread-safe; close it at the end."""

    def __init__(
        self,
        folder: Path,
        handlers: Mapping[JobKind, JobHandler],
        *,
        keep_seconds: float = 0.0,
        uploads: UploadBounds | None = None,
    ) -> None:
        """Take up what is left of earlier runs.

        Args:
            folder: of all jobs; made when it is missing.
            handlers: one for each kind.
            keep_seconds: how long a job that is over is kept, with its files; 0 for ever.
            uploads: bounds of what jobs keep that came from outside.

        Raises:
            OSError: the folder cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._handlers = handlers
        self._keep_seconds = keep_seconds
        self.uploads: Final = UploadQuota(folder, uploads)
        self._changed = Condition()
        self._stopping = False
        self._cancelled: set[str] = set()
        self._saved_at = 0.0
        self._jobs: dict[str, Job] = {}
        for place in sorted(folder.iterdir()):
            job = load(place)
            if job is None:
                shutil.rmtree(place, ignore_errors=True)  # an upload that never became a job
            else:
                self._jobs[job.job_id] = job
                self.uploads.open(job.job_id, job.owner)
                self.uploads.settle(job.job_id, place)
        left = [job for job in self._jobs.values() if not job.state.is_final]
        self._queue = deque(job.job_id for job in sorted(left, key=lambda job: job.created_at))
        self._thread = Thread(target=self._run, name="jobs", daemon=True)
        self._thread.start()

    def reserve(self, owner: str = "") -> tuple[str, Path]:
        """Return an id and a new folder for a job; give the id to `add`, or to `discard`.

        Args:
            owner: id of the key whose upload it is for.

        Raises:
            Problem: too many jobs wait.
            OSError: the disk refused.
        """
        with self._changed:
            if len(self._queue) >= MOST_WAITING:
                raise Problem(
                    HTTPStatus.TOO_MANY_REQUESTS,
                    f"{MOST_WAITING} jobs are waiting; try again when some are done",
                    "too-many-jobs",
                    {"Retry-After": "30"},
                )
        job_id = secrets.token_hex(8)
        folder = self._folder / job_id
        folder.mkdir()
        self.uploads.open(job_id, owner)
        return job_id, folder

    def discard(self, job_id: str) -> None:
        """Give back a place that was reserved and has no job, with what lies there."""
        with self._changed:
            if job_id in self._jobs:
                return
        shutil.rmtree(self._folder / job_id, ignore_errors=True)
        self.uploads.drop(job_id)

    def add(
        self, job_id: str, kind: JobKind, catalog: str, name: str, order: dict[str, Any]
    ) -> Job:
        """Queue a job.

        Raises:
            OSError: the disk refused.
        """
        now = time.time()
        owner = self.uploads.owner(job_id)
        job = Job(job_id, kind, catalog, name[:300], order, now, now, owner=owner)
        save(job, self._folder / job_id)
        self.uploads.settle(job_id, self._folder / job_id)
        with self._changed:
            self._jobs[job_id] = job
            self._queue.append(job_id)
            self._changed.notify_all()
        self._sweep()
        return job

    def list(self) -> tuple[Job, ...]:
        """Return all jobs, newest first."""
        with self._changed:
            jobs = list(self._jobs.values())
        return tuple(sorted(jobs, key=lambda job: -job.created_at))

    def get(self, job_id: str) -> Job:
        """Return a job.

        Raises:
            Problem: there is none.
        """
        with self._changed:
            job = self._jobs.get(job_id)
        if job is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"there is no job {job_id[:64]}")
        return job

    def folder(self, job_id: str) -> Path:
        """Return the folder of a job's files.

        Raises:
            Problem: there is none.
        """
        return self._folder / self.get(job_id).job_id

    def cancel(self, job_id: str) -> Job:
        """Stop a job; what it has done so far stays, and `resume` goes on from there.

        Raises:
            Problem: there is none.
        """
        job = self.get(job_id)
        with self._changed:
            if job_id in self._queue:
                self._queue.remove(job_id)
                self._set(job_id, state=JobState.CANCELLED)
            elif not job.state.is_final:
                self._cancelled.add(job_id)
                # It notices at its next step.
                self._changed.wait_for(lambda: self._jobs[job_id].state.is_final, timeout=5)
            return self._jobs[job_id]

    def resume(self, job_id: str) -> Job:
        """Go on with a job that was cancelled or failed.

        Raises:
            Problem: there is none, or it is done or under way.
        """
        job = self.get(job_id)
        if job.state not in (JobState.CANCELLED, JobState.FAILED):
            raise Problem(HTTPStatus.CONFLICT, f"job {job_id} is {job.state}")
        with self._changed:
            self._set(job_id, state=JobState.WAITING, error=None)
            self._queue.append(job_id)
            self._changed.notify_all()
            return self._jobs[job_id]

    def forget(self, job_id: str) -> None:
        """Stop a job and remove everything of it.

        Raises:
            Problem: there is none.
        """
        self.cancel(job_id)
        with self._changed:
            self._jobs.pop(job_id, None)
            self.uploads.drop(job_id)
        shutil.rmtree(self._folder / job_id, ignore_errors=True)

    def close(self, timeout: float = 8.0) -> None:
        """Stop what runs; it goes on after the next start."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            self._sweep()
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._stopping, timeout=SWEEP_S)
                if self._stopping:
                    return
                if not self._queue:
                    continue
                job_id = self._queue.popleft()
                self._set(job_id, state=JobState.RUNNING)
                job = self._jobs[job_id]
            self._run_job(job)

    def _run_job(self, job: Job) -> None:
        def progress(stage: str, done: int, total: int | None) -> None:
            self._note(job.job_id, stage, done, total)

        hold = partial(self.uploads.hold, job.job_id)
        context = JobContext(job, self._folder / job.job_id, progress, hold)
        try:
            result = self._handlers[job.kind](context)
        except JobStopped:
            state = JobState.WAITING if self._stopping else JobState.CANCELLED
            self._finish(job.job_id, state=state)
        except refusals() as error:
            self._finish(job.job_id, state=JobState.FAILED, error=sentence(error))
        except Exception as error:
            # Whatever broke in one job, the next one has its turn.
            _logger.exception("job %s failed", job.job_id)
            detail = f"skulens failed at this ({type(error).__name__})"
            self._finish(job.job_id, state=JobState.FAILED, error=detail)
        else:
            self._finish(job.job_id, state=JobState.DONE, result=result)

    def _note(self, job_id: str, stage: str, done: int, total: int | None) -> None:
        with self._changed:
            if self._stopping or job_id in self._cancelled or job_id not in self._jobs:
                raise JobStopped
            job = replace(self._jobs[job_id], stage=stage, done=done, total=total)
            self._jobs[job_id] = job
            if time.monotonic() - self._saved_at > SAVE_S:
                self._saved_at = time.monotonic()
                self._set(job_id)

    def _finish(self, job_id: str, **changes: Any) -> None:  # noqa: ANN401 -- fields of `Job`
        with self._changed:
            self._cancelled.discard(job_id)
            if job_id in self._jobs:
                self._set(job_id, **changes)
            else:  # it was forgotten while it still wrote
                shutil.rmtree(self._folder / job_id, ignore_errors=True)
            self.uploads.settle(job_id, self._folder / job_id)
            self._changed.notify_all()

    def _set(self, job_id: str, **changes: Any) -> None:  # noqa: ANN401 -- fields of `Job`
        job = replace(self._jobs[job_id], **changes, updated_at=time.time())
        self._jobs[job_id] = job
        with suppress(OSError):  # a full disk shows elsewhere; memory knows better for now
            save(job, self._folder / job_id)

    def _sweep(self) -> None:
        """Forget the oldest of what is over, and what has been over for long."""
        over = [job for job in self.list() if job.state.is_final]
        limit = time.time() - self._keep_seconds if self._keep_seconds else 0.0
        for place, job in enumerate(over):
            if place >= MOST_KEPT or job.updated_at < limit:
                with suppress(Problem):  # somebody else forgot it just now
                    self.forget(job.job_id)
