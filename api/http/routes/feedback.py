"""Feedback on an answer: one call."""

import asyncio
from http import HTTPStatus
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from api.http.engine import TheEngine
from api.http.principal import Watcher
from api.http.problems import Problem, documented

router = APIRouter(prefix="/catalogs/{catalog}", tags=["looking"])


class Feedback(BaseModel):
    """What somebody says of an answer."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "verdict": "other",
                "product_id": "oat-milk",
                "other_product_id": "soy-milk",
            }
        },
    )

    verdict: Literal["right", "wrong", "other"]
    product_id: str = Field(min_length=1, max_length=128)
    other_product_id: str | None = Field(default=None, max_length=128)
    appearance_id: str | None = Field(default=None, max_length=128)
    image_id: str | None = Field(default=None, max_length=128)
    probability: float | None = Field(default=None, ge=0, le=1)
    note: str = Field(default="", max_length=1000)


class FeedbackJson(TypedDict):
    """That it is kept."""

    feedback_id: str


@router.post(
    "/feedback",
    status_code=HTTPStatus.CREATED,
    summary="Say whether an answer was right",
    responses=documented(404),
)
async def feedback(
    engine: TheEngine, principal: Watcher, catalog: str, said: Feedback
) -> FeedbackJson:
    """Keep what somebody says of an answer: right, wrong, or which product it really was."""
    if said.verdict == "other" and said.other_product_id is None:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "other needs other_product_id", "invalid")
    snapshot = await asyncio.to_thread(engine.hub.catalog, catalog)
    for product_id in (said.product_id, said.other_product_id):
        if product_id is not None and product_id not in snapshot.products:
            raise Problem(HTTPStatus.NOT_FOUND, f"there is no product {product_id}")
    record = {
        **said.model_dump(exclude_none=True),
        "index_version": snapshot.index_version,
        "by": principal.key_id,
    }
    return {"feedback_id": await asyncio.to_thread(engine.feedback.add, catalog, record)}
