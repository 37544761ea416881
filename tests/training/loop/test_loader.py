"""Batches that this or other processes draw."""

import subprocess
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.loop.loader import BatchLoader

Numbers = NDArray[np.float64]
APART = Path(__file__).with_name("apart_feeding.py")


def feed_of(seed: int, workers: int) -> BatchLoader[Numbers]:
    rng = np.random.default_rng(seed)
    return BatchLoader(lambda share: np.append(rng.random(3), share), rng, workers)


def test_without_processes_batches_are_drawn_here_in_order_and_for_the_given_share() -> None:
    first, again = feed_of(1, 0), feed_of(1, 0)
    batches = [first.next(share) for share in (0.0, 0.5, 1.0)]
    assert [batch[3] for batch in batches] == [0.0, 0.5, 1.0]
    assert np.array_equal(np.stack(batches)[:, :3], [again.next(0)[:3] for _ in range(3)])


def test_an_unused_loader_can_be_closed_twice() -> None:
    feed = feed_of(1, 1)
    feed.close()
    feed.close()


def test_processes_that_draw_do_so_where_nothing_but_a_training_runs() -> None:
    """They are copies of the process that trains; one full of other tests' threads is none."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(APART)]
    done = subprocess.run(
        command, cwd=APART.parents[3], text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout
