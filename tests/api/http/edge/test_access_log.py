"""One line for each request."""

import logging

import pytest
from starlette.types import Receive, Scope, Send

from api.http.edge.access_log import AccessLog
from tests.api.http.edge.asgi import answering, drive, http_scope, raising


def test_one_line_names_client_request_and_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["key_id"] = "k1"
        await answering(204)(scope, receive, send)

    with caplog.at_level(logging.INFO, "skulens.access"):
        drive(AccessLog(app), http_scope("/v1/catalogs", "DELETE"))
    (record,) = caplog.records
    line = vars(record)
    assert (line["method"], line["path"], line["status"]) == ("DELETE", "/v1/catalogs", 204)
    assert (line["key_id"], line["client"], line["request_id"]) == ("k1", "127.0.0.1", "r")


def test_what_breaks_is_logged_too(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "skulens.access"), pytest.raises(ValueError, match="broken"):
        drive(AccessLog(raising(ValueError("broken"))), http_scope())
    assert len(caplog.records) == 1
