"""Webhooks: who is told of events, elsewhere."""

from http import HTTPStatus

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from api.errors import Refused
from api.http.auth.principal import AdminAccess
from api.http.engine import Engine, EngineDep
from api.http.problems import Problem, refusals_of
from api.live.webhooks.webhook import KINDS, Webhook, WebhookRequest

router = APIRouter(prefix="/webhooks", tags=["webhooks"])


class NewWebhook(BaseModel):
    """A webhook to be told."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "webhook_id": "till",
                "url": "https://till.example.com/skulens",
                "secret": "at least sixteen characters",
            }
        },
    )

    webhook_id: str = Field(max_length=128)
    url: str = Field(max_length=2048)
    secret: str = Field(max_length=256, repr=False)
    kinds: list[str] = Field(default_factory=lambda: list(KINDS), max_length=8)
    catalog: str = Field(default="", max_length=128)


class WebhookJson(TypedDict):
    """A webhook, without its secret."""

    webhook_id: str
    url: str
    kinds: list[str]
    catalog: str


class WebhooksJson(TypedDict):
    """All webhooks."""

    webhooks: list[WebhookJson]


@router.get("", summary="List webhooks", responses=refusals_of())
def list_webhooks(engine: EngineDep, _: AdminAccess) -> WebhooksJson:
    """Webhooks by id."""
    return {"webhooks": [_webhook_json(hook) for hook in engine.live.services.webhooks.list()]}


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    summary="Tell a webhook from now on",
    responses=refusals_of(409),
)
def add_webhook(
    engine: EngineDep, _: AdminAccess, order: NewWebhook, response: Response
) -> WebhookJson:
    """Events are delivered at least once, in order, signed with the secret."""
    _check_address(engine, order)
    request = WebhookRequest(
        order.webhook_id, order.url, order.secret, tuple(order.kinds), order.catalog
    )
    try:
        hook = engine.live.services.webhooks.add(request)
    except Refused as error:
        is_there = str(error).endswith("already")
        status = HTTPStatus.CONFLICT if is_there else HTTPStatus.UNPROCESSABLE_ENTITY
        raise Problem(status, str(error), "already-exists" if is_there else "invalid") from error
    response.headers["Location"] = f"/v1/webhooks/{hook.webhook_id}"
    return _webhook_json(hook)


@router.delete(
    "/{webhook_id}",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Tell a webhook no more",
    responses=refusals_of(404),
)
def remove_webhook(engine: EngineDep, _: AdminAccess, webhook_id: str) -> None:
    """Forget a webhook."""
    try:
        engine.live.services.webhooks.remove(webhook_id)
    except Refused as error:
        raise Problem(HTTPStatus.NOT_FOUND, str(error)) from error


def _check_address(engine: Engine, order: NewWebhook) -> None:
    forbidden = engine.options.webhook_rule(order.url)
    if forbidden:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, forbidden, "invalid")


def _webhook_json(hook: Webhook) -> WebhookJson:
    return {
        "webhook_id": hook.webhook_id,
        "url": hook.url,
        "kinds": list(hook.kinds),
        "catalog": hook.catalog,
    }
