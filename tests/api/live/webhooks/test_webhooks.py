import hashlib
import hmac
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typing_extensions import override

from api.errors import Refused
from api.live.events import EventLog
from api.live.events.log import NewEvent
from api.live.secrets import SecretBox
from api.live.webhooks import Webhook, WebhookDelivery, WebhookRequest, WebhookStore, signature
from api.live.webhooks.delivery import RetrySettings
from api.live.webhooks.http_sender import HttpSender
from tests.matcher.live.sources import wait_until

SECRET = "a secret of some length"
QUICK = RetrySettings(first_pause_s=0.01, longest_pause_s=0.02, attempts=3)


class Receiver(ThreadingHTTPServer):
    """A real receiver that answers as it is told."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ReceiverHandler)
        self.answers: list[int] = []
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.location = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook"

    @property
    def numbers(self) -> list[int]:
        return [int(headers["Skulens-Event-Number"]) for headers, _ in self.got]


class ReceiverHandler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers), body))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 204)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.end_headers()

    @override
    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        thread = threading.Thread(target=receiver.serve_forever, args=(0.02,))
        thread.start()
        yield receiver
        receiver.shutdown()
        thread.join()


class Outbox:
    """A log, a store and their delivery, which can be restarted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = EventLog(folder / "events.db")
        self.store = WebhookStore(folder / "hooks.db", SecretBox.from_file(folder / "key"))
        self.deliverer = WebhookDelivery(self.log, self.store, retries=QUICK)

    def log_events(self, *kinds: str, catalog: str = "shop") -> None:
        bodies = [json.dumps({"event": kind, "catalog": catalog}) for kind in kinds]
        self.log.append([NewEvent("s", catalog, body) for body in bodies])

    def dead_letters(self) -> list[tuple[str, int, str, str]]:
        """Webhook, number of the event, its JSON and the reason, as docs/live.md describes them."""
        query = "SELECT webhook_id, number, body, reason FROM letters ORDER BY letter"
        with closing(sqlite3.connect(self.folder / "hooks.db")) as database:
            return database.execute(query).fetchall()

    def close(self) -> None:
        self.deliverer.close()
        self.log.close()
        self.store.close()


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    outbox = Outbox(tmp_path)
    yield outbox
    outbox.close()


def test_events_are_delivered_in_order_and_signed(outbox: Outbox, receiver: Receiver) -> None:
    outbox.log_events("entered")
    outbox.deliverer.add(WebhookRequest("till", receiver.url, SECRET))
    outbox.log_events("entered", "confirmed", "left")
    wait_until(lambda: len(receiver.got) == 3)
    assert receiver.numbers == [2, 3, 4]
    headers, body = receiver.got[1]
    assert json.loads(body)["event"] == "confirmed"
    timestamp, digest = (part.partition("=")[2] for part in headers["Skulens-Signature"].split(","))
    expected = hmac.new(SECRET.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    assert digest == expected.hexdigest()
    assert headers["Content-Type"] == "application/json"


def test_a_receiver_that_fails_is_tried_again_before_the_next_event(
    outbox: Outbox, receiver: Receiver
) -> None:
    receiver.answers = [500, 503, 200]
    outbox.deliverer.add(WebhookRequest("till", receiver.url, SECRET))
    outbox.log_events("entered", "left")
    wait_until(lambda: len(receiver.got) == 4)
    assert receiver.numbers == [1, 1, 1, 2]
    assert outbox.dead_letters() == []


def test_what_is_refused_for_good_becomes_a_dead_letter_and_the_next_goes_on(
    outbox: Outbox, receiver: Receiver
) -> None:
    receiver.answers = [500, 500, 500, 200]
    outbox.deliverer.add(WebhookRequest("till", receiver.url, SECRET))
    outbox.log_events("entered", "left")
    wait_until(lambda: len(receiver.got) == 4)
    wait_until(lambda: len(outbox.dead_letters()) == 1)
    ((webhook_id, number, body, reason),) = outbox.dead_letters()
    assert (webhook_id, number) == ("till", 1)
    assert reason == "It answered 500, 3 times."
    assert json.loads(body)["event"] == "entered"


def test_a_receiver_that_is_not_there_is_one_sentence(outbox: Outbox) -> None:
    outbox.deliverer.add(WebhookRequest("till", "http://127.0.0.1:9/", SECRET))
    outbox.log_events("entered")
    wait_until(lambda: len(outbox.dead_letters()) == 1)
    assert "could not be reached" in outbox.dead_letters()[0][3]


def test_a_redirect_is_not_followed(outbox: Outbox, receiver: Receiver) -> None:
    receiver.answers, receiver.location = [302, 302, 302], "http://127.0.0.1:9/elsewhere"
    outbox.deliverer.add(WebhookRequest("till", receiver.url, SECRET))
    outbox.log_events("entered")
    wait_until(lambda: len(outbox.dead_letters()) == 1)
    assert "302" in outbox.dead_letters()[0][3]


def test_a_webhook_gets_the_events_that_it_chose(outbox: Outbox, receiver: Receiver) -> None:
    order = WebhookRequest("till", receiver.url, SECRET, kinds=("confirmed",), catalog="shop")
    outbox.deliverer.add(order)
    outbox.log_events("entered", "confirmed")
    outbox.log_events("confirmed", catalog="other")
    outbox.log_events("confirmed")
    wait_until(lambda: receiver.numbers == [2, 4])


def test_after_a_restart_nothing_is_left_out(tmp_path: Path, receiver: Receiver) -> None:
    first = Outbox(tmp_path)
    first.deliverer.add(WebhookRequest("till", receiver.url, SECRET))
    first.log_events("entered")
    wait_until(lambda: len(receiver.got) == 1)
    first.deliverer.close()
    first.log_events("confirmed", "left")
    first.log.close()
    second = Outbox(tmp_path)
    wait_until(lambda: receiver.numbers[-2:] == [2, 3])
    second.close()


def test_a_removed_webhook_gets_nothing_more(outbox: Outbox, receiver: Receiver) -> None:
    outbox.deliverer.add(WebhookRequest("till", receiver.url, SECRET))
    outbox.deliverer.remove("till")
    outbox.log_events("entered")
    outbox.deliverer.add(WebhookRequest("other", receiver.url, SECRET))
    outbox.log_events("left")
    wait_until(lambda: receiver.numbers == [2])
    with pytest.raises(Refused, match="no webhook till"):
        outbox.deliverer.remove("till")


def test_a_receiver_that_hangs_holds_up_no_other(outbox: Outbox, receiver: Receiver) -> None:
    let_go = threading.Event()

    def sender(url: str, body: bytes, headers: object) -> str:
        if "hangs" in url:
            let_go.wait(10)
        return HttpSender()(receiver.url, body, dict(headers))  # type: ignore[call-overload]

    outbox.deliverer.close()
    outbox.deliverer = WebhookDelivery(outbox.log, outbox.store, sender=sender, retries=QUICK)
    outbox.deliverer.add(WebhookRequest("a", "http://hangs.example/", SECRET))
    outbox.deliverer.add(WebhookRequest("b", receiver.url, SECRET))
    outbox.log_events("entered", "left")
    wait_until(lambda: receiver.numbers == [1, 2])
    let_go.set()


def test_a_secret_lies_nowhere_in_clear_and_is_not_shown(outbox: Outbox, tmp_path: Path) -> None:
    order = WebhookRequest("till", "https://example.com/hook", SECRET)
    outbox.store.add(order)
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(SECRET.encode() in content for content in files)
    assert SECRET not in repr(order)
    assert outbox.store.list() == (Webhook("till", "https://example.com/hook"),)
    assert outbox.store.secret("till") == SECRET


@pytest.mark.parametrize(
    "order",
    [
        WebhookRequest("../x", "https://example.com/", SECRET),
        WebhookRequest("x", "file:///etc/passwd", SECRET),
        WebhookRequest("x", "https://user:geheim@example.com/", SECRET),
        WebhookRequest("x", "https://", SECRET),
        WebhookRequest("x", "http://host:port/", SECRET),
        WebhookRequest("x", "https://example.com/\n", SECRET),
        WebhookRequest("x", "https://example.com/", "short"),
        WebhookRequest("x", "https://example.com/", SECRET, kinds=("exploded",)),
        WebhookRequest("x", "https://example.com/", SECRET, kinds=()),
    ],
)
def test_a_webhook_that_cannot_be_is_refused(outbox: Outbox, order: WebhookRequest) -> None:
    with pytest.raises(Refused) as refused:
        outbox.deliverer.add(order)
    assert "geheim" not in str(refused.value)
    assert outbox.store.list() == ()


def test_one_webhook_is_not_remembered_twice(outbox: Outbox) -> None:
    outbox.store.add(WebhookRequest("x", "https://example.com/", SECRET))
    with pytest.raises(Refused, match="already"):
        outbox.store.add(WebhookRequest("x", "https://example.com/", SECRET))


def test_an_address_that_the_service_forbids_is_not_reached(receiver: Receiver) -> None:
    sender = HttpSender(allow=lambda _: "it is in a network that is not allowed")
    assert "not allowed" in sender(receiver.url, b"{}", {})
    assert receiver.got == []


def test_pauses_double_up_to_a_bound() -> None:
    retries = RetrySettings(first_pause_s=1, longest_pause_s=10)
    assert [retries.pause_s(n, 0.0) for n in (1, 2, 3, 9)] == [1, 2, 4, 10]
    assert retries.pause_s(1, 0.99) > 0.75


def test_the_signature_is_what_the_documentation_says() -> None:
    assert signature("secret", 1, b"{}").startswith("t=1,v1=")
    assert signature("secret", 1, b"{}") != signature("secret", 2, b"{}")
