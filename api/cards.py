"""From finished appearances to the cards of a report."""

from collections.abc import Iterable, Mapping
from typing import Protocol

import numpy as np

from api.evidence import Evidence
from api.report import AppearanceCard, UnknownCard
from catalog.product import Product
from matcher.appearance import AppearanceSummary, View
from matcher.match import Verdict, Verification

NO_PAIRS = np.zeros((0, 4), np.float32)


class ReferencePictures(Protocol):
    """What a report needs of a catalog; `catalog.snapshot.Catalog` has it."""

    @property
    def products(self) -> Mapping[str, Product]:
        """Live products by id."""
        ...

    def picture(self, image_id: str) -> bytes:
        """The original file of a reference picture."""
        ...


def cards_of(
    summaries: Iterable[AppearanceSummary], catalog: ReferencePictures
) -> tuple[tuple[AppearanceCard, ...], tuple[UnknownCard, ...]]:
    """The cards of products, and of what stayed unknown.

    Raises:
        catalog.errors.CatalogError: a reference picture cannot be read.
    """
    known: list[AppearanceCard] = []
    unknown: list[UnknownCard] = []
    for summary in summaries:
        product_id = summary.answer.product_id
        if product_id is None or summary.answer.verdict is Verdict.UNKNOWN:
            unknown.append(_unknown_card(summary, catalog))
        else:
            known.append(_appearance_card(summary, product_id, catalog))
    return tuple(known), tuple(unknown)


def _appearance_card(
    summary: AppearanceSummary, product_id: str, catalog: ReferencePictures
) -> AppearanceCard:
    checked = _verification_of(summary.best, product_id)
    return AppearanceCard(
        appearance_id=summary.appearance_id,
        product_id=product_id,
        product_name=_name(product_id, catalog),
        verdict=summary.answer.verdict,
        probability=summary.answer.probability,
        entered_s=summary.first.media_time_s,
        left_s=summary.last.media_time_s,
        track_ids=summary.track_ids,
        inliers=None if checked is None else checked.inliers,
        coverage=None if checked is None else checked.coverage,
        agreement=None if checked is None else checked.agreement,
        evidence=_evidence(summary, product_id, checked, catalog),
    )


def _unknown_card(summary: AppearanceSummary, catalog: ReferencePictures) -> UnknownCard:
    best = summary.best
    nearest = None if best is None else best.match.product_id
    return UnknownCard(
        appearance_id=summary.appearance_id,
        entered_s=summary.first.media_time_s,
        left_s=summary.last.media_time_s,
        crop=None if best is None else best.jpeg,
        nearest_name=None if nearest is None else _name(nearest, catalog),
        probability=0.0 if best is None else best.match.probability,
    )


def _verification_of(view: View | None, product_id: str) -> Verification | None:
    """The view's verification, if it is of the product that the whole track voted for."""
    if view is None or view.match.verification is None:
        return None
    checked = view.match.verification
    return checked if checked.product_id == product_id else None


def _evidence(
    summary: AppearanceSummary,
    product_id: str,
    checked: Verification | None,
    catalog: ReferencePictures,
) -> Evidence | None:
    """The best view beside the verified reference, else beside the product's first one."""
    product = catalog.products.get(product_id)
    if summary.best is None or product is None or not product.images:
        return None
    return Evidence(
        reference=catalog.picture(product.images[0].image_id if not checked else checked.image_id),
        crop=summary.best.jpeg,
        crop_box=summary.best.crop_box,
        correspondences=NO_PAIRS if checked is None else checked.correspondences,
        outline=summary.best.sighting.outline if checked is None else checked.outline,
        verdict=summary.answer.verdict,
    )


def _name(product_id: str, catalog: ReferencePictures) -> str:
    product = catalog.products.get(product_id)
    return product_id if product is None else product.name
