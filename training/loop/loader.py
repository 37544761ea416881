"""Batches without end, drawn beside the training by processes of their own.

Drawing scenes keeps a processor busier than learning from them keeps a GPU.
"""

import multiprocessing
from collections.abc import Callable, Iterator
from multiprocessing.sharedctypes import Synchronized
from typing import Final, Generic, TypeVar

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info
from typing_extensions import override

Drawn = TypeVar("Drawn")

# Batches that each process draws ahead.
_AHEAD: Final = 2


class BatchLoader(Generic[Drawn]):
    """An endless loader of batches.

    Its processes start with the first batch, as forks of this one: pictures are in memory once, and
    whatever `draw` needs must be complete by then.
    """

    def __init__(
        self, draw: Callable[[float], Drawn], rng: np.random.Generator, workers: int = 0
    ) -> None:
        """Prepare to draw.

        Args:
            draw: a batch for a share of the budget, in [0, 1].
            rng: every random draw that `draw` uses; each process gets a stream of its own.
            workers: processes; 0 draws in this one.
        """
        self._draw = draw
        self._rng = rng
        self._workers = workers
        self._share = multiprocessing.get_context("fork").Value("d", 0.0)
        self._batches: Iterator[Drawn] | None = None

    def next(self, share: float) -> Drawn:
        """Return the next batch; one that was drawn ahead is for a slightly smaller share."""
        if not self._workers:
            return self._draw(share)
        self._share.value = share
        if self._batches is None:
            self._batches = iter(self._loader())
        return next(self._batches)

    def close(self) -> None:
        """End the processes; a second call does nothing."""
        self._batches = None

    def _loader(self) -> "DataLoader[Drawn]":
        return DataLoader(
            _Endless(self._draw, self._rng, self._share),
            batch_size=None,
            num_workers=self._workers,
            prefetch_factor=_AHEAD,
            collate_fn=_as_drawn,
            worker_init_fn=_alone,
            multiprocessing_context="fork",
        )


class _Endless(IterableDataset[Drawn]):
    def __init__(
        self,
        draw: Callable[[float], Drawn],
        rng: np.random.Generator,
        share: "Synchronized[float]",
    ) -> None:
        self._draw = draw
        self._rng = rng
        self._share = share

    @override
    def __iter__(self) -> Iterator[Drawn]:
        place = get_worker_info()
        if place is not None:
            own = self._rng.spawn(place.num_workers)[place.id]
            self._rng.bit_generator.state = own.bit_generator.state
        while True:
            yield self._draw(self._share.value)


def _as_drawn(batch: Drawn) -> Drawn:
    return batch


def _alone(_worker: int) -> None:
    """Give each process one thread: there are as many processes as cores."""
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
