"""From what was found in a video to the page about it."""

from datetime import datetime
from importlib.metadata import version

from api.drawing.comparison import Evidence
from api.schemas.results import product_name
from api.video.outcome import VideoOutcome
from api.video.report_page import AppearanceCard, Report, UnknownCard
from catalog.snapshot import Catalog
from matcher.results import Verdict
from matcher.tracking.appearance import AppearanceSummary, View
from stream.video.file import FileSource


def video_report(source: FileSource, catalog: Catalog, outcome: VideoOutcome) -> Report:
    """What the page says; pictures of references are read from the catalog.

    Raises:
        catalog.errors.NotFound: a reference picture is missing in the storage.
    """
    known = [one for one in outcome.appearances if _is_named(one)]
    return Report(
        source_name=source.source_id,
        catalog=catalog.name,
        product_count=len(catalog.products),
        index_version=catalog.index_version,
        skulens_version=version("skulens"),
        created_at=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
        duration_s=outcome.duration_s,
        frame_count=outcome.frames,
        width=source.width,
        height=source.height,
        elapsed_s=None if outcome.resumed_at else outcome.elapsed_s,
        notes=() if outcome.note is None else (outcome.note,),
        appearances=tuple(_card(one, catalog) for one in known),
        unknowns=tuple(_unknown(one, catalog) for one in outcome.appearances if not _is_named(one)),
        timings=() if outcome.resumed_at else outcome.timings,
    )


def _is_named(appearance: AppearanceSummary) -> bool:
    answer = appearance.answer
    return answer.product_id is not None and answer.verdict is not Verdict.UNKNOWN


def _card(appearance: AppearanceSummary, catalog: Catalog) -> AppearanceCard:
    answer, best = appearance.answer, appearance.best
    proof = best.match.verification if best is not None else None
    if proof is not None and proof.product_id != answer.product_id:
        proof = None  # the best look spoke for another product than the vote did
    return AppearanceCard(
        appearance_id=appearance.appearance_id,
        product_id=answer.product_id or "",
        product_name=product_name(answer.product_id, catalog),
        verdict=answer.verdict,
        probability=answer.probability,
        entered_s=appearance.first.media_time_s,
        left_s=appearance.last.media_time_s,
        track_ids=appearance.track_ids,
        inliers=proof.inliers if proof is not None else None,
        coverage=proof.coverage if proof is not None else None,
        agreement=proof.agreement if proof is not None else None,
        evidence=_evidence(best, catalog) if best is not None and proof is not None else None,
    )


def _evidence(view: View, catalog: Catalog) -> Evidence | None:
    proof = view.match.verification
    if proof is None:
        return None
    return Evidence(
        reference=catalog.picture(proof.image_id),
        crop=view.jpeg,
        crop_box=view.crop_box,
        correspondences=proof.correspondences,
        outline=proof.outline,
        verdict=view.match.verdict,
    )


def _unknown(appearance: AppearanceSummary, catalog: Catalog) -> UnknownCard:
    product_id = appearance.answer.product_id
    return UnknownCard(
        appearance_id=appearance.appearance_id,
        entered_s=appearance.first.media_time_s,
        left_s=appearance.last.media_time_s,
        crop=appearance.best.jpeg if appearance.best is not None else None,
        nearest_name=None if product_id is None else product_name(product_id, catalog),
        probability=appearance.answer.probability,
    )
