"""Events are delivered in order, and tried again."""

import hashlib
import hmac
import json
import threading
from pathlib import Path

import pytest

from api.errors import Refused
from api.live.webhooks import WebhookDelivery, WebhookRequest
from api.live.webhooks.delivery import RetrySettings
from api.live.webhooks.http_sender import HttpSender
from tests.api.live.webhooks.outbox import QUICK, SECRET, Outbox, Receiver
from tests.matcher.live.sources import wait_until


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


def test_pauses_double_up_to_a_bound() -> None:
    retries = RetrySettings(first_pause_s=1, longest_pause_s=10)
    assert [retries.pause_s(n, 0.0) for n in (1, 2, 3, 9)] == [1, 2, 4, 10]
    assert retries.pause_s(1, 0.99) > 0.75
