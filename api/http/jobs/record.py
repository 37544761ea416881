"""A job, on disk and as JSON."""

import json
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from client.records import JobJson

# Names in a job's folder.
RECORD: Final = "job.json"
UPLOAD: Final = "upload"
FETCHED: Final = "fetched"  # from a bucket, before it is looked at
EVENTS: Final = "events.jsonl"
ANNOTATED: Final = "annotated.mp4"


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing more happens, unless it is asked to go on."""
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class JobKind(StrEnum):
    """The work of a job."""

    VIDEO = "video"
    IMPORT = "import"
    RECONCILE = "reconcile"
    MODEL = "model"
    CALIBRATE = "calibrate"


@dataclass(frozen=True, slots=True)
class Job:
    """One job.

    Attributes:
        job_id: cannot be guessed.
        kind: of work.
        catalog: in which catalog.
        name: for people: the file's name.
        order: the request, JSON.
        state: where it stands.
        stage: what is being done, for people.
        done: steps done in this stage.
        total: steps in all; None if unknown.
        created_at: Unix seconds.
        updated_at: Unix seconds.
        error: why it failed, one sentence.
        result: the outcome, JSON; None before.
        owner: id of the key that sent its upload; empty if it has none, or is of an old version.
    """

    job_id: str
    kind: JobKind
    catalog: str
    name: str
    order: dict[str, Any]
    created_at: float
    updated_at: float
    state: JobState = JobState.WAITING
    stage: str = ""
    done: int = 0
    total: int | None = None
    error: str | None = None
    result: dict[str, Any] | None = field(default=None)
    owner: str = ""


def job_json(job: Job) -> JobJson:
    """Return a job as it is now."""
    return {
        "job_id": job.job_id,
        "kind": str(job.kind),
        "catalog": job.catalog,
        "name": job.name,
        "state": str(job.state),
        "stage": job.stage,
        "done": job.done,
        "total": job.total,
        "created_at": round(job.created_at, 3),
        "updated_at": round(job.updated_at, 3),
        "error": job.error,
        "result": job.result,
    }


def save(job: Job, folder: Path) -> None:
    """Put a job's record into its folder, whole.

    Raises:
        OSError: the disk refused.
    """
    draft = folder / f"{RECORD}.part"
    draft.write_text(json.dumps(asdict(job)), encoding="utf-8")
    draft.replace(folder / RECORD)


def load(folder: Path) -> Job | None:
    """Read the job of a folder; one that was running waits again. None if there is none."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        kind, state = JobKind(record.pop("kind")), JobState(record.pop("state"))
        job = Job(**record, kind=kind, state=state)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return replace(job, state=JobState.WAITING) if job.state is JobState.RUNNING else job
