"""Bodies that carry pictures or JSON, and those that do not."""

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.requests import Request
from starlette.types import Message

from api.http.options import ServerOptions
from api.http.problems import Problem
from api.http.requests.body_budget import BodyBudget
from api.http.requests.spooled_forms import SPOOL_BYTES
from api.http.requests.uploads import (
    Upload,
    media_type,
    parse_json,
    read_body,
    read_object,
    read_upload,
)
from tests.api.http.edge.asgi import http_scope
from tests.api.http.serving import Service

SHOP = "/v1/catalogs/shop"


@pytest.mark.parametrize(
    ("path", "body", "kind", "status"),
    [
        ("/products", b"not a form", "text/plain", 415),
        ("/products", b"{", "application/json", 422),
        ("/products", b'{"product_id": "x"}', "application/json", 422),
        ("/products", b"--x", "multipart/form-data", 400),
        ("/identify", b"", "image/png", 422),
        ("/identify", b"GIF89a broken", "image/gif", 422),
        ("/identify", b"{}", "application/json", 422),
        ("/search", b"[]", "application/json", 422),
        ("/search", b'{"limit": 0}', "application/json", 422),
        ("/search", b'{"where": ["?"]}', "application/json", 422),
        ("/search", b'{"text": 1}', "application/json", 422),
        ("/search", b'{"limit": NaN}', "application/json", 422),
        ("/feedback", b'{"verdict": "right", "product_id": "none"}', "application/json", 404),
        ("/feedback", b'{"verdict": "other", "product_id": "tea"}', "application/json", 422),
        ("/videos", b"#EXTM3U\nfile:///etc/passwd", "video/mp4", 422),
        ("/videos", b"", "video/mp4", 422),
        ("/videos", b"x", "text/html", 415),
        ("/whip", b"v=0", "application/sdp", 400),
        ("/whip", b"v=0", "text/plain", 415),
    ],
)  # fmt: skip
def test_a_bad_body_gets_a_sentence(
    service: Service, path: str, body: bytes, kind: str, status: int
) -> None:
    answer = service.client.post(f"{SHOP}{path}", content=body, headers={"Content-Type": kind})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.json()["detail"]) > 5


def sent(kind: str, *chunks: bytes) -> Request:
    """A request with such a body."""
    waiting = list(chunks)

    async def receive() -> Message:
        body = waiting.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(waiting)}

    return Request(http_scope("/", "POST", **{"content-type": kind}), receive)


def test_a_content_type_is_read_without_parameters_and_case() -> None:
    assert media_type(sent("Image/PNG; q=1", b"")) == "image/png"


def test_a_body_is_read_up_to_its_bound() -> None:
    assert asyncio.run(read_body(sent("image/png", b"ab", b"c"), 3)) == b"abc"
    with pytest.raises(Problem) as refusal:
        asyncio.run(read_body(sent("image/png", b"ab", b"c"), 2))
    assert refusal.value.status == 413


@pytest.mark.parametrize("kind", ["image/png", "application/octet-stream"])
def test_a_bare_picture_is_an_upload(kind: str, tmp_path: Path) -> None:
    request = sent(kind, b"x", b"y" * SPOOL_BYTES)
    request.scope["state"] = {
        "engine": SimpleNamespace(options=ServerOptions(tmp_path), bodies=BodyBudget(1))
    }
    (tmp_path / "spool").mkdir()

    async def read() -> bytes:
        async with asynccontextmanager(read_upload)(request) as upload:
            return upload.only_picture().data

    assert asyncio.run(read()) == b"x" + b"y" * SPOOL_BYTES
    assert list((tmp_path / "spool").iterdir()) == []


@pytest.mark.parametrize("data", [b"", b"{", b"NaN", b"[Infinity]", b"[" * 100_000])
def test_what_is_no_json_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(Problem, match="query is no JSON"):
        parse_json(data, "query")


def test_an_object_is_required_where_fields_are_read() -> None:
    assert asyncio.run(read_object(sent("application/merge-patch+json", b'{"a": 1}'))) == {"a": 1}
    for kind, body, status in (("application/json", b"[]", 422), ("text/plain", b"{}", 415)):
        with pytest.raises(Problem) as refusal:
            asyncio.run(read_object(sent(kind, body)))
        assert refusal.value.status == status


def test_a_field_has_the_type_that_is_read() -> None:
    upload = Upload(fields={"name": "tea", "number": 1, "query": '{"a": 1}', "list": "[]"})
    assert (upload.text("name"), upload.text("none", "x")) == ("tea", "x")
    assert (upload.record("query"), upload.record("none")) == ({"a": 1}, None)
    with pytest.raises(Problem, match="number must be a text"):
        upload.text("number")
    with pytest.raises(Problem, match="list must be a JSON object"):
        upload.record("list")
    with pytest.raises(Problem, match="there are 0"):
        upload.only_picture()
