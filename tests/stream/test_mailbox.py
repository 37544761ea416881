"""The mailbox between a source and its consumer."""

import threading

import numpy as np
import pytest

from stream.frame import Frame
from stream.mailbox import Mailbox


def frame(index: int = 0) -> Frame:
    return Frame("s", index, 0.0, 0.0, np.zeros((2, 2, 3), np.uint8))


def counts(mailbox: Mailbox) -> tuple[int, int, int]:
    return mailbox.received, mailbox.taken, mailbox.dropped


def test_a_slow_taker_gets_the_newest_frame() -> None:
    mailbox = Mailbox()
    for index in range(5):
        mailbox.put(frame(index))
    taken = mailbox.take(0)
    assert taken is not None
    assert taken.index == 4
    assert counts(mailbox) == (5, 1, 4)
    assert mailbox.is_empty


def test_nothing_there_is_none_after_the_time() -> None:
    assert Mailbox().take(0.01) is None


def test_a_frame_that_comes_wakes_whoever_waits() -> None:
    mailbox = Mailbox()
    timer = threading.Timer(0.05, mailbox.put, [frame(7)])
    timer.start()
    taken = mailbox.take()
    timer.join()
    assert taken is not None
    assert taken.index == 7


def test_closing_wakes_whoever_waits_and_drops_what_is_left() -> None:
    mailbox = Mailbox()
    timer = threading.Timer(0.05, mailbox.close)
    timer.start()
    assert mailbox.take() is None
    timer.join()
    mailbox.put(frame())
    mailbox.close()
    assert mailbox.take() is None
    assert counts(mailbox) == (1, 0, 1)


def test_closing_drops_the_frame_in_the_slot() -> None:
    mailbox = Mailbox()
    mailbox.put(frame())
    mailbox.close()
    assert counts(mailbox) == (1, 0, 1)


def test_a_pending_frame_is_made_only_when_taken() -> None:
    mailbox, made = Mailbox(), []

    def make(index: int) -> Frame:
        made.append(index)
        return frame(index)

    mailbox.put(lambda: make(0))
    mailbox.put(lambda: make(1))
    assert mailbox.take(0) is not None
    assert made == [1]


def test_a_pending_frame_that_cannot_be_made_counts_as_dropped() -> None:
    mailbox = Mailbox()
    mailbox.put(lambda: None)
    assert mailbox.take(0.01) is None
    assert counts(mailbox) == (1, 0, 1)


def test_one_taker_can_wait_for_many_mailboxes() -> None:
    arrived = threading.Event()
    mailboxes = [Mailbox(arrived.set) for _ in range(3)]
    mailboxes[1].put(frame())
    assert arrived.is_set()
    arrived.clear()
    mailboxes[2].close()
    assert arrived.is_set()


@pytest.mark.timeout(30)
def test_nothing_is_lost_uncounted_between_threads() -> None:
    mailbox = Mailbox()

    def send() -> None:
        for _ in range(2000):
            mailbox.put(frame())

    senders = [threading.Thread(target=send) for _ in range(3)]
    for sender in senders:
        sender.start()
    while any(sender.is_alive() for sender in senders):
        mailbox.take(0.001)
    mailbox.close()
    received, taken, dropped = counts(mailbox)
    assert received == 6000 == taken + dropped
