"""The handlers of jobs: one function for each kind."""

import shutil
from collections.abc import Callable, Mapping
from typing import Any

from api.errors import Refused
from api.http.jobs.record import ANNOTATED, EVENTS, FETCHED, UPLOAD, JobKind
from api.http.jobs.runner import JobContext, JobHandler
from api.http.jobs.video_files import FetchVideo, check_video_file
from api.models.calibration import CalibrationRequest, calibrate, calibration_outcome_json
from api.open_catalogs import CatalogRegistry
from api.schemas.results import import_row_json
from api.services import PhotoFinder
from api.video.job import VideoRequest, match_video
from api.video.outcome import video_result_json
from catalog.errors import Invalid
from catalog.reconcile.orphans import GRACE_SECONDS
from catalog.snapshot import Catalog
from catalog.store import CatalogStore
from catalog.transfer.archive import UnpackBounds, inner_folder, unpack_into
from catalog.transfer.importer import ImportReport, import_path
from matcher.decision.evaluation import Recogniser
from stream.errors import StreamError


def calibration(
    catalogs: CatalogRegistry, recogniser: Callable[[Catalog], Recogniser]
) -> JobHandler:
    """Return the handler that calibrates a catalog."""

    def work(context: JobContext) -> dict[str, Any]:
        context.progress("gathering", 0, None)
        payload = context.job.order
        order = CalibrationRequest(
            false_accept_rate=payload["false_accept_rate"],
            unknown_share=payload.get("unknown_share"),
            dry_run=bool(payload.get("dry_run")),
        )
        store = catalogs.store(context.job.catalog)
        done = calibrate(
            store,
            recogniser(store.snapshot()),
            order,
            lambda at, total: context.progress("asking", at, total),
        )
        return calibration_outcome_json(context.job.catalog, order, done)

    return work


def job_handlers(
    catalogs: CatalogRegistry,
    finder: Callable[[], PhotoFinder],
    recogniser: Callable[[Catalog], Recogniser],
    fetch: FetchVideo,
    bounds: UnpackBounds,
) -> Mapping[JobKind, JobHandler]:
    """Return the handler of each kind of job.

    Args:
        catalogs: to read and change.
        finder: finds products; called when a video's turn comes.
        recogniser: recognises, for the calibration of a catalog.
        fetch: brings a video from a bucket.
        bounds: of archives.
    """

    def video(context: JobContext) -> dict[str, Any]:
        address, upload = context.job.order.get("address"), context.folder / UPLOAD
        if address is not None and not upload.exists():
            _fetch_film(context, fetch, address)
        annotated = context.folder / ANNOTATED if context.job.order.get("annotated") else None
        order = VideoRequest(upload, context.folder / EVENTS, annotated, force=True)
        snapshot = catalogs.snapshot(context.job.catalog)
        work = context.folder / "work"
        outcome = match_video(
            order, finder(), snapshot, work, on_stage=context.progress, on_line=lambda _: None
        )
        return {**video_result_json(outcome, is_annotated=annotated is not None)}

    def import_products(context: JobContext) -> dict[str, Any]:
        upload, unpacked = context.folder / UPLOAD, context.folder / "unpacked"
        if not upload.exists():
            raise Refused("the archive was removed when this failed; send it again")
        try:
            report = _take_in(catalogs.store(context.job.catalog), context, bounds)
        except (Refused, Invalid):
            upload.unlink(missing_ok=True)  # it would be refused again
            raise
        finally:
            shutil.rmtree(unpacked, ignore_errors=True)
        upload.unlink(missing_ok=True)
        return {
            "index_version": report.index_version,
            "rows": [import_row_json(row) for row in report.rows],
            "ignored": list(report.ignored),
        }

    def reconcile(context: JobContext) -> dict[str, Any]:
        context.progress("looking through the storage", 0, None)
        order = context.job.order
        dry_run, accept_loss = bool(order.get("dry_run")), bool(order.get("accept_loss"))
        grace = float(order.get("grace_hours", GRACE_SECONDS / 3600)) * 3600
        reconciler = catalogs.reconciler(context.job.catalog, grace_seconds=grace)
        if order.get("only_sync"):
            report = reconciler.sync(dry_run=dry_run)
        else:
            report = reconciler.reconcile(dry_run=dry_run, accept_loss=accept_loss)
        return {
            "index_version": report.index_version,
            "drift": report.drift,
            "objects": report.objects,
            "findings": [
                {
                    "kind": str(finding.kind),
                    "subject": finding.subject,
                    "sentence": finding.sentence,
                }
                for finding in report.findings
            ],
        }

    def model(context: JobContext) -> dict[str, Any]:
        change = catalogs.store(context.job.catalog).migration

        def progress(done: int, total: int) -> None:
            context.progress("encoding", done, total)

        if context.job.order["action"] == "rollback":
            version = change.roll_back()
        else:
            version = change.switch(progress)
        return {"index_version": version}

    return {
        JobKind.VIDEO: video,
        JobKind.IMPORT: import_products,
        JobKind.RECONCILE: reconcile,
        JobKind.MODEL: model,
        JobKind.CALIBRATE: calibration(catalogs, recogniser),
    }


def _fetch_film(context: JobContext, fetch: FetchVideo, address: str) -> None:
    """Bring a film; what turns out to be none is never at the place that a reader may get."""
    fetched = context.folder / FETCHED

    def on_bytes(at: int, total: int) -> None:
        context.hold(at, total)
        context.progress("fetching", at >> 20, total >> 20)

    fetch(address, fetched, on_bytes)
    try:
        check_video_file(fetched)
    except StreamError:
        fetched.unlink()
        raise
    fetched.replace(context.folder / UPLOAD)


def _take_in(store: CatalogStore, context: JobContext, bounds: UnpackBounds) -> ImportReport:
    def unpacking(done: int, total: int | None) -> None:
        context.progress("unpacking", done, total)

    unpacked = context.folder / "unpacked"
    unpacking(0, None)
    shutil.rmtree(unpacked, ignore_errors=True)  # of a process that was killed
    unpack_into(context.folder / UPLOAD, unpacked, bounds, "the archive", unpacking)
    return import_path(
        store,
        inner_folder(unpacked),
        lambda done, total: context.progress("taking in", done, total),
    )
