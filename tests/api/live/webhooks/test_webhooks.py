import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typing_extensions import override

from api.errors import Refused
from api.live.cameras import SecretBox
from api.live.events import EventLog
from api.live.events.log import NewEvent
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
        super().__init__(("127.0.0.1", 0), Desk)
        self.answers: list[int] = []
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.location = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook"

    @property
    def numbers(self) -> list[int]:
        return [int(headers["Skulens-Event-Number"]) for headers, _ in self.got]


class Desk(BaseHTTPRequestHandler):
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


class Office:
    """A log, a store and who delivers, which can be restarted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = EventLog(folder / "events.db")
        self.store = WebhookStore(folder / "hooks.db", SecretBox.opened(folder / "key"))
        self.deliverer = WebhookDelivery(self.log, self.store, retries=QUICK)

    def say(self, *kinds: str, catalog: str = "shop") -> None:
        bodies = [json.dumps({"event": kind, "catalog": catalog}) for kind in kinds]
        self.log.append([NewEvent("s", catalog, body) for body in bodies])

    def close(self) -> None:
        self.deliverer.close()
        self.log.close()
        self.store.close()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    yield office
    office.close()


def test_events_are_delivered_in_order_and_signed(office: Office, receiver: Receiver) -> None:
    office.say("entered")
    office.deliverer.add(WebhookRequest("till", receiver.url, SECRET))
    office.say("entered", "confirmed", "left")
    wait_until(lambda: len(receiver.got) == 3)
    assert receiver.numbers == [2, 3, 4]
    headers, body = receiver.got[1]
    assert json.loads(body)["event"] == "confirmed"
    timestamp, digest = (part.partition("=")[2] for part in headers["Skulens-Signature"].split(","))
    expected = hmac.new(SECRET.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    assert digest == expected.hexdigest()
    assert headers["Content-Type"] == "application/json"


def test_a_receiver_that_fails_is_asked_again_before_the_next_event(
    office: Office, receiver: Receiver
) -> None:
    receiver.answers = [500, 503, 200]
    office.deliverer.add(WebhookRequest("till", receiver.url, SECRET))
    office.say("entered", "left")
    wait_until(lambda: len(receiver.got) == 4)
    assert receiver.numbers == [1, 1, 1, 2]
    assert office.store.dead_letters() == ()


def test_what_is_refused_for_good_becomes_a_dead_letter_and_the_next_goes_on(
    office: Office, receiver: Receiver
) -> None:
    receiver.answers = [500, 500, 500, 200]
    office.deliverer.add(WebhookRequest("till", receiver.url, SECRET))
    office.say("entered", "left")
    wait_until(lambda: len(receiver.got) == 4)
    wait_until(lambda: len(office.store.dead_letters()) == 1)
    (letter,) = office.store.dead_letters()
    assert (letter.webhook_id, letter.number) == ("till", 1)
    assert letter.reason == "It answered 500, 3 times."
    assert json.loads(letter.body)["event"] == "entered"
    office.store.take_letter(letter.letter)
    assert office.store.dead_letters() == ()
    with pytest.raises(Refused, match="no dead letter"):
        office.store.take_letter(letter.letter)


def test_a_receiver_that_is_not_there_is_one_sentence(office: Office) -> None:
    office.deliverer.add(WebhookRequest("till", "http://127.0.0.1:9/", SECRET))
    office.say("entered")
    wait_until(lambda: len(office.store.dead_letters()) == 1)
    assert "could not be reached" in office.store.dead_letters()[0].reason


def test_a_redirect_is_not_followed(office: Office, receiver: Receiver) -> None:
    receiver.answers, receiver.location = [302, 302, 302], "http://127.0.0.1:9/elsewhere"
    office.deliverer.add(WebhookRequest("till", receiver.url, SECRET))
    office.say("entered")
    wait_until(lambda: len(office.store.dead_letters()) == 1)
    assert "302" in office.store.dead_letters()[0].reason


def test_only_what_a_webhook_asked_for_is_told(office: Office, receiver: Receiver) -> None:
    order = WebhookRequest("till", receiver.url, SECRET, kinds=("confirmed",), catalog="shop")
    office.deliverer.add(order)
    office.say("entered", "confirmed")
    office.say("confirmed", catalog="other")
    office.say("confirmed")
    wait_until(lambda: receiver.numbers == [2, 4])


def test_after_a_restart_nothing_is_left_out(tmp_path: Path, receiver: Receiver) -> None:
    first = Office(tmp_path)
    first.deliverer.add(WebhookRequest("till", receiver.url, SECRET))
    first.say("entered")
    wait_until(lambda: len(receiver.got) == 1)
    first.deliverer.close()
    first.say("confirmed", "left")
    first.log.close()
    second = Office(tmp_path)
    wait_until(lambda: receiver.numbers[-2:] == [2, 3])
    second.close()


def test_a_removed_webhook_is_told_nothing_more(office: Office, receiver: Receiver) -> None:
    office.deliverer.add(WebhookRequest("till", receiver.url, SECRET))
    office.deliverer.remove("till")
    office.say("entered")
    office.deliverer.add(WebhookRequest("other", receiver.url, SECRET))
    office.say("left")
    wait_until(lambda: receiver.numbers == [2])
    with pytest.raises(Refused, match="no webhook till"):
        office.deliverer.remove("till")


def test_a_receiver_that_hangs_holds_up_no_other(office: Office, receiver: Receiver) -> None:
    let_go = threading.Event()

    def sender(url: str, body: bytes, headers: object) -> str:
        if "hangs" in url:
            let_go.wait(10)
        return HttpSender()(receiver.url, body, dict(headers))  # type: ignore[call-overload]

    office.deliverer.close()
    office.deliverer = WebhookDelivery(office.log, office.store, sender=sender, retries=QUICK)
    office.deliverer.add(WebhookRequest("a", "http://hangs.example/", SECRET))
    office.deliverer.add(WebhookRequest("b", receiver.url, SECRET))
    office.say("entered", "left")
    wait_until(lambda: receiver.numbers == [1, 2])
    let_go.set()


def test_a_secret_lies_nowhere_in_clear_and_is_not_shown(office: Office, tmp_path: Path) -> None:
    order = WebhookRequest("till", "https://example.com/hook", SECRET)
    office.store.add(order)
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(SECRET.encode() in content for content in files)
    assert SECRET not in repr(order)
    assert office.store.list() == (Webhook("till", "https://example.com/hook"),)
    assert office.store.secret("till") == SECRET


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
def test_a_webhook_that_cannot_be_is_refused(office: Office, order: WebhookRequest) -> None:
    with pytest.raises(Refused) as refused:
        office.deliverer.add(order)
    assert "geheim" not in str(refused.value)
    assert office.store.list() == ()


def test_one_webhook_is_not_remembered_twice(office: Office) -> None:
    office.store.add(WebhookRequest("x", "https://example.com/", SECRET))
    with pytest.raises(Refused, match="already"):
        office.store.add(WebhookRequest("x", "https://example.com/", SECRET))


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
