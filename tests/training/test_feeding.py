"""Batches that other processes draw."""

import os

import numpy as np
import pytest
from numpy.typing import NDArray

from training.feeding import Feed

Numbers = NDArray[np.float64]


def feed_of(seed: int, workers: int) -> Feed[Numbers]:
    rng = np.random.default_rng(seed)
    return Feed(lambda share: np.append(rng.random(3), share), rng, workers)


def test_without_processes_batches_are_drawn_here_in_order_and_for_the_share_asked() -> None:
    first, again = feed_of(1, 0), feed_of(1, 0)
    batches = [first.next(share) for share in (0.0, 0.5, 1.0)]
    assert [batch[3] for batch in batches] == [0.0, 0.5, 1.0]
    assert np.array_equal(np.stack(batches)[:, :3], [again.next(0)[:3] for _ in range(3)])


def test_each_process_draws_other_batches() -> None:
    feed = feed_of(1, 2)
    batches = np.stack([feed.next(0.0)[:3] for _ in range(12)])
    feed.close()
    assert len(np.unique(batches, axis=0)) == 12


def test_processes_learn_how_much_of_the_budget_is_spent() -> None:
    feed = feed_of(1, 1)
    shares = [float(feed.next(share)[3]) for share in np.linspace(0, 1, 30)]
    feed.close()
    assert shares[0] == 0
    assert shares[-1] > 0.5
    assert shares == sorted(shares)


def test_batches_are_drawn_elsewhere_and_given_as_they_were_drawn() -> None:
    feed = Feed(lambda share: (os.getpid(), [share]), np.random.default_rng(0), 1)
    process, shares = feed.next(0.25)
    feed.close()
    assert process != os.getpid()
    assert shares == [0.25]


def test_a_process_that_cannot_draw_ends_the_training_with_its_reason() -> None:
    def broken(_share: float) -> float:
        raise ValueError("no such picture")

    feed = Feed(broken, np.random.default_rng(0), 1)
    with pytest.raises(ValueError, match="no such picture"):
        feed.next(0.0)
    feed.close()


def test_a_feed_that_was_never_asked_can_be_closed_twice() -> None:
    feed = feed_of(1, 1)
    feed.close()
    feed.close()
