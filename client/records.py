"""The JSON of the service as types, shared by service and client.

Docstrings of types are published in the OpenAPI document.

Numbers are rounded for people: pixels to a tenth, shares and probabilities to four digits,
milliseconds to a tenth, seconds to a thousandth.
"""

from typing import Any, Literal, NotRequired, TypeAlias

from typing_extensions import TypedDict

SessionKind = Literal["whip", "url", "camera"]


class CandidateJson(TypedDict):
    """A product worth verifying."""

    product_id: str
    similarity: float
    probability: float


class DetectionJson(TypedDict):
    """A detection and what was decided about it.

    Where nothing was verified, `inliers`, `coverage` and `agreement` are 0, `outline` is empty and
    `reference_image` is null.
    """

    box: list[float]
    confidence: float
    verdict: str
    product_id: str | None
    probability: float
    inliers: int
    coverage: float
    agreement: float
    outline: list[list[float]]
    reference_image: str | None
    candidates: list[CandidateJson]


class ElapsedJson(TypedDict):
    """Milliseconds in each stage."""

    detect: float
    embed: float
    shortlist: float
    verify: float
    total: float


class IdentificationJson(TypedDict):
    """One line of `identify --json`."""

    image: str
    index_version: int
    elapsed_ms: ElapsedJson
    detections: list[DetectionJson]


class EventJson(TypedDict):
    """One line of `video --json` and of an events file."""

    sequence: int
    event: str
    catalog: str
    session_id: str
    appearance_id: str
    track_id: int
    product_id: str | None
    verdict: str
    probability: float
    box: list[float]
    outline: list[list[float]]
    frame_index: int
    media_time_s: float
    timestamp: str
    frame_age_ms: float
    late: bool
    index_version: int
    degraded: bool


class GateJson(TypedDict):
    """One step of the method, as seen by one product."""

    name: str
    passed: bool
    value: float
    needed: float
    sentence: str


class ExplanationJson(TypedDict):
    """The line of `explain --json`; `lost_at` is null when the product came through."""

    image: str
    product_id: str
    lost_at: str | None
    gates: list[GateJson]
    match: DetectionJson | None


class ReferenceImageJson(TypedDict):
    """A reference image of a product."""

    image_id: str
    extension: str
    width: int
    height: int
    source_name: str
    added_at: str


AttributeJson: TypeAlias = str | float | list[str]


class ProductJson(TypedDict):
    """One line of `product list --json` and `product show --json`."""

    product_id: str
    name: str
    description: str
    attributes: dict[str, AttributeJson]
    images: list[ReferenceImageJson]
    revision: int
    created_at: str
    updated_at: str


class CatalogJson(TypedDict):
    """One line of `catalog list --json`, `catalog show --json` and `catalog create --json`."""

    catalog: str
    index_version: int
    products: int
    images: int


class PartIdsJson(TypedDict):
    """Ids of the networks that made a catalog's features."""

    crop: str
    embedding: str
    local: str
    words: NotRequired[str]


class CalibrationJson(TypedDict):
    """From which probability on a catalog calls a product identical; null is as shipped."""

    model_id: str
    at: str
    false_accept_rate: float
    threshold: float
    slope: float | None
    offset: float | None
    unknown_share: float | None
    samples: dict[str, int]


class ShownCatalogJson(CatalogJson):
    """A catalog, which networks encoded it, and how it decides by which networks."""

    part_ids: PartIdsJson
    calibrations: list[CalibrationJson]


class ImportRowJson(TypedDict):
    """One line of `catalog import --json`: what became of one product."""

    where: str
    product_id: str
    status: str
    problems: list[str]
    notes: list[str]
    findings: list[str]


class HitJson(TypedDict):
    """A product found; what did not find it is null."""

    product: ProductJson
    relevance: float | None
    similarity: float | None
    reference_image: str | None


class FacetJson(TypedDict):
    """An attribute over everything found; `range` is null when it is no number anywhere."""

    attribute: str
    values: dict[str, int]
    others: int
    range: list[float] | None


class FoundJson(TypedDict):
    """One page."""

    catalog: str
    index_version: int
    total: int
    offset: int
    complete: bool
    corrections: dict[str, str]
    facets: list[FacetJson]
    hits: list[HitJson]


class FoundPageJson(FoundJson):
    """A page of a search."""

    next_cursor: str | None


class ExplainedJson(ExplanationJson):
    """Why, with what corresponds: x, y in the reference picture, x, y in the picture sent."""

    correspondences: list[list[float]]
    reference_image: str | None


class FindingJson(TypedDict):
    """Something wrong with a picture that was taken in."""

    fault: str
    picture: str
    sentence: str
    product_id: str | None
    similarity: float | None


class KeptImageJson(TypedDict):
    """The part of a reference picture that is kept; nulls where an earlier version encoded it.

    `kind` is packshot, photo or whole; `by` is ground, siblings, detector, nothing, doubt or
    person; `share` of the picture's keypoints lie in the outline, in pixels. The areas of
    `background` (left, top, right, bottom, in pixels), which hold `background_share` of these
    keypoints, are dropped all the same: pictures of several other products show them, too.
    """

    picture: str
    image_id: str
    kind: str | None
    by: str | None
    share: float | None
    outline: list[list[float]]
    background: list[list[float]]
    background_share: float
    sentence: str


class WrittenJson(TypedDict):
    """What a write did."""

    catalog: str
    index_version: int
    product: ProductJson
    notes: list[str]
    findings: list[FindingJson]
    kept: list[KeptImageJson]


class JobJson(TypedDict):
    """A job."""

    job_id: str
    kind: str
    catalog: str
    name: str
    state: str
    stage: str
    done: int
    total: int | None
    created_at: float
    updated_at: float
    error: str | None
    result: dict[str, Any] | None


class CountersJson(TypedDict):
    """A session in numbers, since it began."""

    frames_in: int
    processed: int
    dropped: int
    faults: int
    detections: int
    looks: int
    surveys: int
    degraded: int
    late: int
    events: int
    reconnects: int
    corrupt: int
    processed_fps: float
    age_p50_ms: float
    age_p95_ms: float
    age_p99_ms: float


class SessionJson(TypedDict):
    """A live session."""

    session_id: str
    kind: SessionKind
    camera_id: str | None
    source: str
    catalog: str
    state: str
    reason: str
    since: float
    started_at: float
    counters: CountersJson


class SeenJson(TypedDict):
    """An appearance in a video, from entering to leaving."""

    appearance_id: str
    product_id: str | None
    verdict: str
    probability: float
    from_s: float
    to_s: float
    inliers: int


class VideoResultJson(TypedDict):
    """What was found in a video; `annotated` says whether it was also drawn."""

    frames: int
    duration_s: float
    elapsed_s: float
    resumed_at: int
    note: str | None
    annotated: bool
    appearances: list[SeenJson]


class VideoEventsJson(TypedDict):
    """What was found in a video so far."""

    events: list[EventJson]
    next_cursor: str
    state: str
