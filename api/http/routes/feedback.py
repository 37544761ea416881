"""Feedback on an answer: one call."""

from http import HTTPStatus

from fastapi import APIRouter
from typing_extensions import TypedDict

from api.http.changing import Form
from api.http.engine import TheEngine
from api.http.feedback import body, feedback_of, order_of, seen_in
from api.http.principal import Watcher
from api.http.problems import documented

router = APIRouter(prefix="/catalogs/{catalog}", tags=["looking"])

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
        **documented(404, 409, 415),
        201: {"content": {"application/json": {"example": _EXAMPLE}}},
    },
    openapi_extra=body(),
)
async def feedback(engine: TheEngine, principal: Watcher, catalog: str, form: Form) -> FeedbackJson:
    """Keep what somebody says of an answer: right, wrong, or which product it really was.

    JSON, or a form with that JSON as `feedback` and as `image` what was seen. Without an image the
    evidence of a live session's appearance is kept. `calibrate` learns from it.
    """
    order = order_of(form)

    def keep() -> FeedbackJson:
        store = engine.hub.store(catalog)
        said = feedback_of(order, principal.key_id, store.state().sequence)
        seen = form.pictures[0] if form.pictures else seen_in(engine, catalog, said.appearance_id)
        taken = store.feedback.add(said, seen)
        return {
            "feedback_id": taken.feedback.feedback_id,
            "index_version": taken.index_version,
            "picture": bool(taken.feedback.picture),
        }

    return await engine.compute.run(keep)
