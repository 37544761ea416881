"""Feedback on an answer: one call."""

from http import HTTPStatus
from typing import Any, Final, Literal

from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from typing_extensions import TypedDict

from api.errors import Refused
from api.http.auth.principal import LiveAccess
from api.http.engine import Engine, EngineDep
from api.http.problems import Problem, refusals_of
from api.http.requests.product_forms import Form
from api.http.requests.uploads import Upload
from catalog.ingest.image_file import ImageFile
from catalog.records.feedback import LONGEST_NOTE, Feedback, FeedbackVerdict
from matcher.live import NoSuchSession

EXAMPLE: Final = {"verdict": "other", "product_id": "oat-milk", "other_product_id": "soy-milk"}


class FeedbackOrder(BaseModel):
    """Feedback on an answer."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {**EXAMPLE},
            "description": "What somebody says of an answer.",
        },
    )

    verdict: Literal["right", "wrong", "other"]
    product_id: str = Field(min_length=1, max_length=128)
    other_product_id: str | None = Field(default=None, min_length=1, max_length=128)
    appearance_id: str | None = Field(default=None, max_length=128)
    image_id: str | None = Field(default=None, max_length=128)
    probability: float | None = Field(default=None, ge=0, le=1)
    note: str = Field(default="", max_length=LONGEST_NOTE)


def body_schema() -> dict[str, Any]:
    """Return OpenAPI's description of the body."""
    schema = FeedbackOrder.model_json_schema()
    text = {"type": "string", "description": "the JSON object, beside an image"}
    picture = {"type": "string", "format": "binary"}
    form = {
        "type": "object",
        "required": ["feedback"],
        "properties": {"feedback": text, "image": picture},
    }
    content = {
        "application/json": {"schema": schema, "example": EXAMPLE},
        "multipart/form-data": {"schema": form},
    }
    return {"requestBody": {"required": True, "content": content}}


def parse_order(form: Upload) -> FeedbackOrder:
    """Read the order: a JSON object, or the field `feedback` of a form.

    Raises:
        RequestValidationError: a member is wrong.
        Problem: it is no JSON object, or the form holds more than one picture.
    """
    inside = form.record("feedback")
    payload = form.fields if inside is None and not form.pictures else inside
    if form.pictures:
        form.only_picture()
    try:
        return FeedbackOrder.model_validate(payload or {})
    except ValidationError as error:
        faults = [{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors()]
        raise RequestValidationError(faults) from error


def build_feedback(order: FeedbackOrder, by: str, seen_version: int) -> Feedback:
    """Return the feedback as the catalog takes it.

    Raises:
        Problem: it contradicts itself.
    """
    feedback = Feedback(
        feedback_id="",
        at="",
        verdict=FeedbackVerdict(order.verdict),
        product_id=order.product_id,
        other_product_id=order.other_product_id,
        probability=order.probability,
        appearance_id=order.appearance_id or "",
        image_id=order.image_id or "",
        note=order.note,
        by=by,
        seen_version=seen_version,
    )
    if fault := feedback.fault():
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, fault, "invalid")
    return feedback


def find_evidence(engine: Engine, catalog: str, appearance_id: str) -> ImageFile | None:
    """Return the evidence of an appearance in a live session with this catalog, if it is kept."""
    live = engine.status.live
    if live is None or not appearance_id:
        return None
    try:
        if live.catalog_of(appearance_id.rpartition("-")[0]) != catalog:
            return None
        jpeg = live.services.evidence.get(appearance_id)
    except (NoSuchSession, Refused):
        return None
    return None if jpeg is None else ImageFile(f"{appearance_id}.jpg", jpeg)


router = APIRouter(prefix="/catalogs/{catalog}", tags=["identify"])

_EXAMPLE = {"feedback_id": "5f3c9a1be2d04c77", "index_version": 42, "picture": True}


class FeedbackJson(TypedDict):
    """That it is in the catalog's journal.

    `picture` tells whether one is kept with it: without, `calibrate` cannot learn from it.
    """

    feedback_id: str
    index_version: int
    picture: bool


@router.post(
    "/feedback",
    status_code=HTTPStatus.CREATED,
    summary="Say whether an answer was right",
    responses={
        **refusals_of(404, 409, 415),
        201: {"content": {"application/json": {"example": _EXAMPLE}}},
    },
    openapi_extra=body_schema(),
)
async def feedback(
    engine: EngineDep, principal: LiveAccess, catalog: str, form: Form
) -> FeedbackJson:
    """Keep what somebody says of an answer: right, wrong, or which product it really was.

    JSON, or a form with that JSON as `feedback` and as `image` what was seen. Without an image the
    evidence of a live session's appearance is kept. `calibrate` learns from it.
    """
    order = parse_order(form)

    def keep() -> FeedbackJson:
        store = engine.catalogs.store(catalog)
        given = build_feedback(order, principal.key_id, store.state().sequence)
        seen = (
            form.pictures[0]
            if form.pictures
            else find_evidence(engine, catalog, given.appearance_id)
        )
        taken = store.feedback.add(given, seen)
        return {
            "feedback_id": taken.feedback.feedback_id,
            "index_version": taken.index_version,
            "picture": bool(taken.feedback.picture),
        }

    return await engine.executor.run(keep)
