"""Bodies are bounded."""

import pytest
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from api.http.edge import body_limit
from api.http.edge.body_limit import ONE_IMAGE, SEVERAL_IMAGES, SMALL_BODY, BodyLimit
from tests.api.http.edge.asgi import drive, http_scope, reading


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/v1/catalogs", SMALL_BODY),
        ("/v1/catalogs/shop/identify", ONE_IMAGE),
        ("/v1/crops/propose", ONE_IMAGE),
        ("/v1/crops/locate", SEVERAL_IMAGES),
        ("/v1/catalogs/shop/videos", 9 * SMALL_BODY),
    ],
)
def test_a_body_is_bounded_by_its_route(path: str, most: int) -> None:
    limited = BodyLimit(reading([]), largest_upload=9 * SMALL_BODY)
    drive(limited, http_scope(path, "POST", content_length=str(most)))
    with pytest.raises(HTTPException) as refused:
        drive(limited, http_scope(path, "POST", content_length=str(most + 1)))
    assert refused.value.status_code == 413


@pytest.mark.parametrize("length", ["x", "-1", "²"])
def test_a_length_that_is_none_is_refused(length: str) -> None:
    with pytest.raises(HTTPException):
        drive(BodyLimit(reading([]), 1), http_scope(content_length=length))


def test_a_body_without_length_is_counted_while_it_is_read() -> None:
    chunk = {"type": "http.request", "body": b" " * SMALL_BODY, "more_body": True}
    bodies: list[bytes] = []
    with pytest.raises(HTTPException) as refused:
        drive(BodyLimit(reading(bodies), 1), http_scope("/v1/catalogs", "POST"), [chunk, chunk])
    assert refused.value.status_code == 413
    assert len(bodies) == 1


def test_a_body_that_falls_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limit, "IDLE_S", 0.01)

    async def silent(scope: Scope, _: Receive, send: Send) -> None:
        import asyncio

        async def receive() -> dict[str, object]:
            await asyncio.sleep(5)
            return {}

        await BodyLimit(reading([]), 1)(scope, receive, send)

    with pytest.raises(HTTPException) as refused:
        drive(silent, http_scope("/v1/catalogs", "POST"))
    assert refused.value.status_code == 408
