"""Every request has an id."""

import pytest
from starlette.types import Receive, Scope, Send

from api.http.edge.request_ids import RequestIds
from tests.api.http.edge.asgi import answering, drive, headers_of, http_scope


@pytest.mark.parametrize(("given", "is_kept"), [("abc-1", True), ("a b", False), ("", False)])
def test_an_id_that_can_be_one_is_kept(given: str, is_kept: bool) -> None:
    scopes: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(scope)
        await answering(x_request_id="the engine's")(scope, receive, send)

    sent = drive(RequestIds(app), http_scope(x_request_id=given))
    request_id = headers_of(sent)["x-request-id"]
    assert (request_id == given) == is_kept
    assert scopes[0]["request_id"] == request_id
    assert [text for name, text in scopes[0]["headers"] if name == b"x-request-id"] == [
        request_id.encode()
    ]
