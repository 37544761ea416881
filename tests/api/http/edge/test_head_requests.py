"""HEAD gets what GET gets, without a body."""

import asyncio
from collections.abc import AsyncIterator

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api.http.edge.head_requests import HeadRequests
from tests.api.http.edge.asgi import answering, drive, headers_of, http_scope
from tests.api.http.serving import Service

READABLE = (
    "/healthz",
    "/readyz",
    "/metrics",
    "/v1/openapi.json",
    "/v1/models",
    "/v1/system",
    "/v1/catalogs",
    "/v1/catalogs/shop",
    "/v1/catalogs/shop/products",
    "/v1/cameras",
    "/v1/sessions",
    "/v1/jobs",
    "/v1/webhooks",
)


def test_world_head_of_every_readable_route_is_get_without_a_body(service: Service) -> None:
    for path in READABLE:
        got, head = service.client.get(path), service.client.head(path)
        assert head.status_code == got.status_code == 200, path
        assert head.headers["content-type"] == got.headers["content-type"]
        assert head.content == b""


def test_world_head_of_what_is_not_there_is_not_found(service: Service) -> None:
    assert service.client.head("/v1/catalogs/nothing").status_code == 404
    assert service.client.head("/v1/catalogs/shop/identify").status_code == 405


def test_world_an_endless_answer_ends_for_a_head() -> None:
    left = []

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        async def numbers() -> AsyncIterator[bytes]:
            while True:
                yield b"1"
                await asyncio.sleep(0)

        await StreamingResponse(numbers(), media_type="text/event-stream")(scope, receive, send)
        left.append(True)

    sent = drive(HeadRequests(endless), http_scope("/v1/events", "HEAD"))
    assert headers_of(sent)["content-type"].startswith("text/event-stream")
    assert [message.get("body", b"") for message in sent[1:]] == [b""]
    assert left


def test_the_caller_is_known_outside() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["key_id"] = "k1"
        await answering()(scope, receive, send)

    scope = http_scope("/v1/x", "HEAD")
    drive(HeadRequests(app), scope)
    assert (scope["key_id"], scope["method"]) == ("k1", "HEAD")


def test_other_requests_pass_as_they_are() -> None:
    sent = drive(HeadRequests(answering(201)), http_scope("/v1/x", "POST"))
    assert sent[0]["status"] == 201
