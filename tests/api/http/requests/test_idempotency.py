"""A POST with a key works once; its answer is kept for a day."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Refused
from api.http.requests.idempotency import (
    KEPT_S,
    LARGEST,
    LONGEST,
    AnswerStore,
    IdempotentPosts,
    StoredAnswer,
)
from tests.api.http.edge.asgi import answering, drive, headers_of, http_scope
from tests.api.http.serving import Service, png

SHOP = "/v1/catalogs/shop"
ANSWER = StoredAnswer("/v1/x? 2", 201, [("etag", '"1"')], b"made")


def test_the_same_post_with_a_key_works_once(service: Service) -> None:
    files = {"images": ("pea.png", png(9), "image/png")}
    data, headers = {"product_id": "peas"}, {"Idempotency-Key": f"peas {service.url}"}
    send = service.client.post
    first = send(f"{SHOP}/products", data=data, files=files, headers=headers)
    again = send(f"{SHOP}/products", data=data, files=files, headers=headers)
    assert first.status_code == again.status_code == 201
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == first.json()
    other = send(f"{SHOP}/products", data={"product_id": "other"}, files=files, headers=headers)
    assert other.status_code == 422
    service.client.delete(f"{SHOP}/products/peas")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AnswerStore]:
    with closing(AnswerStore(tmp_path / "state" / "answers.db")) as opened:
        yield opened


def posted(app: ASGIApp, store: AnswerStore, path: str = "/v1/x", key: str = "k") -> list[Message]:
    """Send a POST with a key through the middleware."""
    scope = http_scope(path, "POST", **{"idempotency-key": key})
    return drive(
        IdempotentPosts(app), {**scope, "state": {"engine": SimpleNamespace(answers=store)}}
    )


def counted(calls: list[str], status: int = 201, body: bytes = b"made") -> ASGIApp:
    """An application that notes its calls."""

    async def app(scope: Scope, _: Receive, send: Send) -> None:
        calls.append(scope["path"])
        await send({"type": "http.response.start", "status": status, "headers": [(b"etag", b"1")]})
        await send({"type": "http.response.body", "body": body})

    return app


def test_an_answer_is_kept_over_a_restart_for_a_day(tmp_path: Path) -> None:
    now = [1000.0]
    for _ in range(2):
        with closing(AnswerStore(tmp_path / "answers.db", lambda: now[0])) as store:
            if store.get("a") is None:
                store.put("a", ANSWER)
            assert store.get("a") == ANSWER
            assert store.get("b") is None
    now[0] += KEPT_S + 1
    with closing(AnswerStore(tmp_path / "answers.db", lambda: now[0])) as store:
        assert store.get("a") is None


def test_a_damaged_file_of_answers_is_named(tmp_path: Path) -> None:
    (tmp_path / "answers.db").write_bytes(b"no database at all " * 100)
    with pytest.raises(Refused, match="is damaged"):
        AnswerStore(tmp_path / "answers.db")


def test_a_repeated_post_gets_the_first_answer_without_work(store: AnswerStore) -> None:
    calls: list[str] = []
    first, again = (posted(counted(calls), store) for _ in range(2))
    assert calls == ["/v1/x"]
    assert (first[0]["status"], first[1]["body"]) == (again[0]["status"], again[1]["body"])
    assert headers_of(again)["etag"] == headers_of(first)["etag"]
    assert headers_of(again)["idempotent-replayed"] == "true"


def test_a_key_of_another_request_is_refused(store: AnswerStore) -> None:
    posted(counted([]), store)
    assert posted(counted([]), store, "/v1/y")[0]["status"] == 422


@pytest.mark.parametrize(("status", "size"), [(422, 9), (503, 9), (201, LARGEST + 1)])
def test_a_refusal_and_a_huge_answer_are_worked_out_again(
    store: AnswerStore, status: int, size: int
) -> None:
    calls: list[str] = []
    for _ in range(2):
        posted(counted(calls, status, b"x" * size), store)
    assert len(calls) == 2


def test_a_key_that_is_under_way_is_a_conflict(store: AnswerStore) -> None:
    answers: list[Message] = []

    async def reentrant(scope: Scope, receive: Receive, send: Send) -> None:
        async def note(message: Message) -> None:
            answers.append(message)

        if not answers:
            await posts(scope, receive, note)
        await answering(201)(scope, receive, send)

    posts = IdempotentPosts(reentrant)
    scope = http_scope("/v1/x", "POST", **{"idempotency-key": "k"})
    sent = drive(posts, {**scope, "state": {"engine": SimpleNamespace(answers=store)}})
    assert (answers[0]["status"], sent[0]["status"]) == (409, 201)


def test_a_key_that_is_too_long_is_refused(store: AnswerStore) -> None:
    assert posted(counted([]), store, key="k" * (LONGEST + 1))[0]["status"] == 400


@pytest.mark.parametrize(("method", "key"), [("GET", "k"), ("POST", "")])
def test_only_a_post_with_a_key_is_remembered(method: str, key: str) -> None:
    # Without an engine in its scope the middleware could not even look for an answer.
    scope = http_scope("/v1/x", method, **{"idempotency-key": key})
    assert drive(IdempotentPosts(answering(200)), scope)[0]["status"] == 200


def form(separator: bytes, text: bytes, cut: int) -> tuple[dict[str, str], list[Message]]:
    """The headers and the messages of a form whose body arrives in two parts."""
    body = b"--" + separator + b"\r\n\r\n" + text + b"\r\n--" + separator + b"--\r\n"
    messages: list[Message] = [
        {"type": "http.request", "body": body[:cut], "more_body": True},
        {"type": "http.request", "body": body[cut:], "more_body": False},
    ]
    return {"content-type": f"multipart/form-data; boundary={separator.decode()}"}, messages


def test_world_a_form_is_the_same_however_its_parts_are_separated_and_cut(
    store: AnswerStore,
) -> None:
    calls: list[str] = []

    def post(separator: bytes, text: bytes, cut: int) -> list[Message]:
        headers, messages = form(separator, text, cut)
        scope = http_scope("/v1/x", "POST", **{"idempotency-key": "k", **headers})
        state = {"engine": SimpleNamespace(answers=store)}
        return drive(IdempotentPosts(counted(calls)), {**scope, "state": state}, messages)

    assert post(b"one-line", b"tea", 4)[0]["status"] == 201
    for cut in (1, 3, 7, 20, 30):
        assert headers_of(post(b"otherone", b"tea", cut))["idempotent-replayed"] == "true"
    assert post(b"one-line", b"pea", 4)[0]["status"] == 422, "of the same length"
    assert len(calls) == 1


def test_world_a_body_that_nobody_reads_counts_all_the_same(store: AnswerStore) -> None:
    def post(body: bytes) -> int:
        scope = http_scope("/v1/x", "POST", **{"idempotency-key": "k"})
        state = {"engine": SimpleNamespace(answers=store)}
        message = {"type": "http.request", "body": body, "more_body": False}
        sent = drive(IdempotentPosts(counted([])), {**scope, "state": state}, [message])
        return int(sent[0]["status"])

    assert [post(b"{}"), post(b"{}"), post(b"[]")] == [201, 201, 422]
