"""Builds the report of a matched video."""

from datetime import datetime
from importlib.metadata import version

from api.drawing.comparison import ReferenceComparison
from api.schemas.results import product_name
from api.video.outcome import VideoOutcome
from api.video.report_page import AppearanceCard, UnknownCard, VideoReport
from catalog.snapshot import Catalog
from matcher.results import Verdict, Verification
from matcher.tracking.appearance import AppearanceSummary, View
from stream.video.file import FileSource


def build_report(source: FileSource, catalog: Catalog, outcome: VideoOutcome) -> VideoReport:
    """Build the report; pictures of references are read from the catalog.

    Raises:
        catalog.errors.NotFound: a reference picture is missing in the storage.
    """
    known = [appearance for appearance in outcome.appearances if _is_known(appearance)]
    unknown = [appearance for appearance in outcome.appearances if not _is_known(appearance)]
    return VideoReport(
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
        appearances=tuple(_card(appearance, catalog) for appearance in known),
        unknowns=tuple(_unknown_card(appearance, catalog) for appearance in unknown),
        timings=() if outcome.resumed_at else outcome.timings,
    )


def _is_known(appearance: AppearanceSummary) -> bool:
    answer = appearance.answer
    return answer.product_id is not None and answer.verdict is not Verdict.UNKNOWN


def _card(appearance: AppearanceSummary, catalog: Catalog) -> AppearanceCard:
    answer, best = appearance.answer, appearance.best
    verification = best.match.verification if best is not None else None
    if verification is not None and verification.product_id != answer.product_id:
        verification = None  # the best view is of another product than the vote's
    return AppearanceCard(
        appearance_id=appearance.appearance_id,
        product_id=answer.product_id or "",
        product_name=product_name(answer.product_id, catalog),
        verdict=answer.verdict,
        probability=answer.probability,
        entered_s=appearance.first.media_time_s,
        left_s=appearance.last.media_time_s,
        track_ids=appearance.track_ids,
        inliers=verification.inliers if verification is not None else None,
        coverage=verification.coverage if verification is not None else None,
        agreement=verification.agreement if verification is not None else None,
        comparison=_compare(best, verification, catalog) if best and verification else None,
    )


def _compare(view: View, verification: Verification, catalog: Catalog) -> ReferenceComparison:
    return ReferenceComparison(
        reference=catalog.picture(verification.image_id),
        crop=view.jpeg,
        crop_box=view.crop_box,
        correspondences=verification.correspondences,
        outline=verification.outline,
        verdict=view.match.verdict,
    )


def _unknown_card(appearance: AppearanceSummary, catalog: Catalog) -> UnknownCard:
    product_id = appearance.answer.product_id
    return UnknownCard(
        appearance_id=appearance.appearance_id,
        entered_s=appearance.first.media_time_s,
        left_s=appearance.last.media_time_s,
        crop=appearance.best.jpeg if appearance.best is not None else None,
        nearest_name=None if product_id is None else product_name(product_id, catalog),
        probability=appearance.answer.probability,
    )
