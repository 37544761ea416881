"""Converts results, events and products to their public JSON; the types are in `client.records`.

Numbers are rounded for people: pixels to a tenth, shares and probabilities to four digits,
milliseconds to a tenth, seconds to a thousandth.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from typing_extensions import TypedDict

from api.schemas.kept import kept_json
from client.records import (
    CalibrationJson,
    CandidateJson,
    CatalogJson,
    DetectionJson,
    ElapsedJson,
    EventJson,
    ExplanationJson,
    IdentificationJson,
    ImportRowJson,
    KeptImageJson,
    PartIdsJson,
    ProductJson,
    ReferenceImageJson,
)

if TYPE_CHECKING:
    # Only names in signatures: `skulens catalog list --json` must not read a network's module.
    import numpy as np
    from numpy.typing import NDArray

    from catalog.encodings.encoding import PartIds
    from catalog.ingest.outline import KeptImage
    from catalog.records.calibration import Calibration
    from catalog.records.product import AttributeValue, Product, ReferenceImage
    from catalog.snapshot import Catalog
    from catalog.transfer.importer import ImportRow
    from matcher.decision.explain import Explanation
    from matcher.imaging.box import Box
    from matcher.networks.weights import WeightsEntry
    from matcher.results import Candidate, Identification, Match, StageTimes
    from matcher.tracking.events import Event


class ChangeJson(TypedDict):
    """The answer to a write; `product` is null when a product went away."""

    catalog: str
    index_version: int
    product: ProductJson | None
    kept: list[KeptImageJson]


class WeightsJson(TypedDict):
    """One line of `models --json`."""

    name: str
    file: str
    network: str
    sha256: str
    size: int
    licence: str
    commercial_use: bool
    trained_on: str
    command: str
    figures: dict[str, float]
    package: str


def json_line(record: Mapping[str, Any]) -> str:
    """Return a line of JSON Lines, in ASCII, so that any terminal can show any file name."""
    return json.dumps(record, allow_nan=False)


def identification_json(image: str, identification: "Identification") -> IdentificationJson:
    """Return the matches in the picture called `image`."""
    return {
        "image": image,
        "index_version": identification.index_version,
        "elapsed_ms": _elapsed(identification.elapsed),
        "detections": [detection_json(match) for match in identification.matches],
    }


def detection_json(match: "Match") -> DetectionJson:
    """Return a detection with its verified product."""
    verification = match.verification
    return {
        "box": _box(match.detection.box),
        "confidence": _share(match.detection.confidence),
        "verdict": str(match.verdict),
        "product_id": match.product_id,
        "probability": _share(match.probability),
        "inliers": int(verification.inliers) if verification else 0,
        "coverage": _share(verification.coverage) if verification else 0.0,
        "agreement": _share(verification.agreement) if verification else 0.0,
        "outline": _points(verification.outline) if verification else [],
        "reference_image": verification.image_id if verification else None,
        "candidates": [_candidate(candidate) for candidate in match.candidates],
    }


def event_json(event: "Event") -> EventJson:
    """Return an event of an appearance."""
    return {
        "sequence": event.sequence,
        "event": str(event.event),
        "catalog": event.catalog,
        "session_id": event.session_id,
        "appearance_id": event.appearance_id,
        "track_id": event.track_id,
        "product_id": event.product_id,
        "verdict": str(event.verdict),
        "probability": _share(event.probability),
        "box": _box(event.box),
        "outline": _points(event.outline),
        "frame_index": event.frame_index,
        "media_time_s": round(float(event.media_time_s), 3),
        "timestamp": event.timestamp,
        "frame_age_ms": round(float(event.frame_age_ms), 1),
        "late": bool(event.late),
        "index_version": event.index_version,
        "degraded": bool(event.degraded),
    }


def explanation_json(image: str, explanation: "Explanation") -> ExplanationJson:
    """Return the gates that a product passes or fails in the picture called `image`."""
    return {
        "image": image,
        "product_id": explanation.product_id,
        "lost_at": explanation.lost_at,
        "gates": [
            {
                "name": gate.name,
                "passed": bool(gate.passed),
                "value": _share(gate.value),
                "needed": _share(gate.needed),
                "sentence": gate.sentence,
            }
            for gate in explanation.gates
        ],
        "match": detection_json(explanation.match) if explanation.match else None,
    }


def product_json(product: "Product") -> ProductJson:
    """Return a product with its reference images."""
    return {
        "product_id": product.product_id,
        "name": product.name,
        "description": product.description,
        "attributes": {key: _attribute(value) for key, value in product.attributes},
        "images": [_image(image) for image in product.images],
        "revision": product.revision,
        "created_at": product.created_at,
        "updated_at": product.updated_at,
    }


def change_json(
    catalog: str,
    index_version: int,
    product: "Product | None",
    kept: "Sequence[KeptImage]" = (),
) -> ChangeJson:
    """Return the result of a write."""
    return {
        "catalog": catalog,
        "index_version": index_version,
        "product": product_json(product) if product else None,
        "kept": [kept_json(image) for image in kept],
    }


def catalog_json(catalog: str, index_version: int, products: "Iterable[Product]") -> CatalogJson:
    """Return the counts of a catalog."""
    images = [len(product.images) for product in products]
    return {
        "catalog": catalog,
        "index_version": index_version,
        "products": len(images),
        "images": sum(images),
    }


def part_ids_json(part_ids: "PartIds") -> PartIdsJson:
    """Return the ids of what encoded a catalog; without that of words where none are read."""
    ids: PartIdsJson = {
        "crop": part_ids.crop,
        "embedding": part_ids.embedding,
        "local": part_ids.local,
    }
    return {**ids, "words": part_ids.words} if part_ids.words else ids


def calibration_json(calibration: "Calibration") -> CalibrationJson:
    """Return the calibration of a catalog's decision."""
    return {
        "model_id": calibration.model_id,
        "at": calibration.at,
        "false_accept_rate": calibration.false_accept_rate,
        "threshold": round(calibration.threshold, 6),
        "slope": calibration.slope,
        "offset": calibration.offset,
        "unknown_share": calibration.unknown_share,
        "samples": dict(calibration.samples),
    }


def import_row_json(row: "ImportRow") -> ImportRowJson:
    """Return the outcome of importing one product."""
    return {
        "where": row.where,
        "product_id": row.product_id,
        "status": str(row.status),
        "problems": list(row.problems),
        "notes": list(row.notes),
        "findings": list(row.issues),
    }


def weights_json(entry: "WeightsEntry") -> WeightsJson:
    """Return the manifest's entry of a weights file."""
    return {
        "name": entry.name,
        "file": entry.file,
        "network": str(entry.network),
        "sha256": entry.sha256,
        "size": entry.size,
        "licence": entry.licence,
        "commercial_use": entry.commercial_use,
        "trained_on": entry.trained_on,
        "command": entry.command,
        "figures": dict(entry.figures),
        "package": entry.package,
    }


def _elapsed(times: "StageTimes") -> ElapsedJson:
    public = times.public()
    return {
        "detect": round(public["detect"], 1),
        "embed": round(public["embed"], 1),
        "shortlist": round(public["shortlist"], 1),
        "verify": round(public["verify"], 1),
        "total": round(public["total"], 1),
    }


def _candidate(candidate: "Candidate") -> CandidateJson:
    return {
        "product_id": candidate.product_id,
        "similarity": _share(candidate.similarity),
        "probability": _share(candidate.probability),
    }


def _image(image: "ReferenceImage") -> ReferenceImageJson:
    return {
        "image_id": image.image_id,
        "extension": image.extension,
        "width": image.width,
        "height": image.height,
        "source_name": image.source_name,
        "added_at": image.added_at,
    }


def _attribute(value: "AttributeValue") -> str | float | list[str]:
    return list(value) if isinstance(value, tuple) else value


def _share(number: float) -> float:
    return round(float(number), 4)


def _box(box: "Box") -> list[float]:
    return [round(float(side), 1) for side in (box.left, box.top, box.right, box.bottom)]


def _points(points: "NDArray[np.float32]") -> list[list[float]]:
    return [[round(float(x), 1), round(float(y), 1)] for x, y in points]


def product_name(product_id: str | None, catalog: "Catalog") -> str:
    """Return a product's name for people: its id if it has no name, `unknown` for None."""
    product = catalog.products.get(product_id) if product_id is not None else None
    return product.name if product is not None else product_id or "unknown"
