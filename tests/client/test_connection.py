"""One connection: which addresses and keys it takes, and how it reads answers and failures."""

import httpx2
import pytest
from typing_extensions import override

from client.client import Client
from client.connection import Connection, ServerEvent
from client.errors import ClientError, Declined, Unreachable
from tests.client.answering import answering


@pytest.mark.parametrize("server", ["", "shop.example.com", "ftp://x", "http://", "http://a:b@c"])
def test_what_is_no_address_is_refused(server: str) -> None:
    with pytest.raises(ClientError, match="no address"):
        Connection(server)


@pytest.mark.parametrize("key", ["sk_ä", "sk_1\nX: y", "sk 1"])
def test_a_key_that_would_break_a_header_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(ClientError, match="no API key has") as refused:
        Connection("http://shop.example.com", key)
    assert key not in str(refused.value)


def test_nobody_there_is_unreachable() -> None:
    with Client("http://127.0.0.1:9") as client, pytest.raises(Unreachable, match=r"127.0.0.1:9"):
        client.catalog("shop")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"detail": 1}', b"\xff"])
def test_an_error_that_is_no_problem_still_has_a_sentence(body: bytes) -> None:
    with pytest.raises(Declined, match=r"shop\.example\.com answered 502"):
        answering(502, body).catalog("shop")


def test_a_page_that_is_not_ours_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="does not answer as skulens"):
        answering(200, b"<html>").catalog("shop")


def test_a_key_does_not_follow_a_redirect_elsewhere() -> None:
    with pytest.raises(Declined, match="answered 302"):
        answering(302, b"", {"Location": "http://elsewhere.example.com"}).catalog("shop")


def test_events_come_with_their_numbers_and_heartbeats_do_not() -> None:
    text = "retry: 1000\n\n: \n\nid: 7\nevent: appearance\ndata: {}\n\nevent: end\ndata: {}\n\n"
    client = answering(200, text.encode(), {"Content-Type": "text/event-stream"})
    assert [(event.kind, event.number) for event in client.session_events("s")] == [
        ("appearance", 7),
        ("end", 7),
    ]


class RecordingService(httpx2.BaseTransport):
    """Keeps every request, and answers or fails always alike."""

    def __init__(self, answer: httpx2.Response | Exception) -> None:
        self.answer = answer
        self.requests: list[httpx2.Request] = []

    @override
    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_the_key_is_sent_and_without_one_nothing_is() -> None:
    for key, header in (("sk_1", "Bearer sk_1"), ("", None)):
        service = RecordingService(httpx2.Response(204))
        with Connection("http://shop.example.com/", key, transport=service) as connection:
            assert connection.server == "http://shop.example.com"
            assert connection.request("GET", "/v1/catalogs") is None
        (request,) = service.requests
        assert str(request.url) == "http://shop.example.com/v1/catalogs"
        assert request.headers.get("Authorization") == header


@pytest.mark.parametrize(
    ("failure", "sentence"),
    [
        (httpx2.ReadTimeout("late"), "http://x does not answer in time"),
        (httpx2.ConnectTimeout("late"), "http://x does not answer in time"),
        (httpx2.ConnectError("refused"), "http://x cannot be reached: refused"),
        (httpx2.ReadError(""), "http://x cannot be reached: ReadError"),
        (
            httpx2.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"),
            "http://x cannot be reached: its certificate is not trusted; name the file of it in "
            "SSL_CERT_FILE",
        ),
    ],
)
def test_a_failure_on_the_way_is_unreachable_with_its_reason(
    failure: Exception, sentence: str
) -> None:
    connection = Connection("http://x", transport=RecordingService(failure))
    with pytest.raises(Unreachable) as unreachable:
        connection.request("GET", "/v1/catalogs")
    assert str(unreachable.value) == sentence
    with pytest.raises(Unreachable):
        list(connection.download("/v1/file"))


def test_a_problem_gives_its_sentence_kind_and_picture() -> None:
    problem = {"detail": "No.", "type": "urn:skulens:problem:picture", "picture": "a.png"}
    service = RecordingService(httpx2.Response(422, json=problem))
    with pytest.raises(Declined, match=r"^No\.$") as declined:
        Connection("http://x", transport=service).request("POST", "/v1/catalogs")
    refusal = declined.value
    assert (refusal.status, refusal.kind, refusal.subject) == (422, "picture", "a.png")


def test_a_stream_that_is_refused_gives_the_problem_too() -> None:
    service = RecordingService(httpx2.Response(404, json={"detail": "Gone.", "type": "a:b"}))
    with pytest.raises(Declined, match="Gone"):
        next(Connection("http://x", transport=service).stream_events("/v1/events"))


def test_an_event_without_a_number_has_none_and_its_data_is_decoded() -> None:
    text = b'event: status\nid: x1\ndata: {"a": [1]}\n\n'
    headers = {"Content-Type": "text/event-stream"}
    service = RecordingService(httpx2.Response(200, content=text, headers=headers))
    (event,) = Connection("http://x", transport=service).stream_events("/v1/events")
    assert event == ServerEvent("status", {"a": [1]}, None)
    assert service.requests[0].headers["Accept"] == "text/event-stream"
