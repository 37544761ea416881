"""A bounded, resumable training run: the base of every network's trainer."""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from matcher.networks.weights import fill_network, read_tensors
from training.loop import progress as progress_log
from training.loop.checkpoint import load_checkpoint, save_checkpoint
from training.loop.loader import BatchLoader
from training.loop.progress import OnReport, Progress

# Share of the budget in which the learning rate rises.
_WARM_UP: Final = 0.04


def rate_share(share: float) -> float:
    """Return the share of the peak rate: a linear warm-up, then half a cosine to a hundredth.

    Args:
        share: of the budget that is spent, in [0, 1].
    """
    if share < _WARM_UP:
        return max(share / _WARM_UP, 0.02)
    along = (share - _WARM_UP) / (1 - _WARM_UP)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * along))


# Share of the running average that each step keeps.
_AVERAGING: Final = 0.99
# Norm that gradients are clipped to.
_LONGEST_GRADIENT: Final = 10.0
# Share of the peak learning rate for a network that starts from weights: at the full rate it would
# forget what it has learnt.
_GENTLER: Final = 0.4

_Drawn = TypeVar("_Drawn")
_Tensors = Sequence[Tensor] | tuple[Tensor, ...]


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Settings of one run.

    Attributes:
        data: the data folder.
        out: folder for checkpoints, log and curves.
        minutes: of training in all, over every resumed part.
        seed: of every random draw.
        device: "cpu" or "cuda".
        resume: go on from the checkpoint in `out`, if there is one.
        report_seconds: between two validations, each with a checkpoint.
        workers: processes that draw the training data; 0 for this one.
        batches: as many as a processor's that make one step; the rate grows by its root.
        start: weights to begin with instead of random ones: a gentler rate, the last size at once.
    """

    data: Path
    out: Path
    minutes: float
    seed: int = 0
    device: str = "cpu"
    resume: bool = False
    report_seconds: float = 240.0
    workers: int = 0
    batches: int = 1
    start: Path | None = None

    def schedule_share(self, share: float) -> float:
        """Return the place in a schedule at that share of the budget: its end for a warm start."""
        return 1.0 if self.start else share

    @property
    def degrades_on_device(self) -> bool:
        """Whether pictures are degraded on the device, not by the processes that draw them."""
        return self.device != "cpu"


class Trainer(ABC):
    """A network in training: with its running average, its optimiser and the budget spent."""

    def __init__(
        self,
        net: nn.Module,
        parameters: Iterable[dict[str, Any]],
        peak_rate: float,
        options: RunOptions,
    ) -> None:
        """Begin a run.

        Args:
            net: on its device.
            parameters: groups as torch's optimisers take them; a group's "pace" is the share of the
                learning rate that it is trained at.
            peak_rate: the highest learning rate.
            options: of the run.
        """
        self.options = options
        self.net = net
        self.average = AveragedModel(net, multi_avg_fn=_follow, use_buffers=True)
        self.optimizer = torch.optim.AdamW(parameters, lr=peak_rate)
        self.peak_rate = peak_rate * math.sqrt(options.batches)
        if options.start:
            self.peak_rate *= _GENTLER
        self.step = 0
        self.seconds = 0.0
        self.best = -1.0
        self._loaders = ExitStack()

    @abstractmethod
    def loss(self) -> Tensor:
        """Return the loss of a fresh batch, with its graph."""

    @abstractmethod
    def measure(self) -> Mapping[str, float]:
        """Return the validation figures of the averaged network, by name."""

    @abstractmethod
    def score(self, figures: Mapping[str, float]) -> float:
        """Return the number by which the best averaged network is chosen; higher is better."""

    @property
    def share(self) -> float:
        """The share of the budget that is spent, in [0, 1]."""
        return min(self.seconds / (60 * self.options.minutes), 1.0)

    def train_step(self) -> float:
        """Do one optimiser step and return the loss."""
        started = time.monotonic()
        for group in self.optimizer.param_groups:
            group["lr"] = self.peak_rate * rate_share(self.share) * group.get("pace", 1.0)
        self.net.train()
        loss = self.loss()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.net.parameters(), _LONGEST_GRADIENT)
        self.optimizer.step()
        self.average.update_parameters(self.net)
        self.step += 1
        self.seconds += time.monotonic() - started
        return float(loss.detach())

    def run(self, report: OnReport) -> Path:
        """Train until the budget is spent; return the checkpoint of the best averaged network.

        Blocks. Writes `last.pt`, `best.pt`, `progress.jsonl` and `curves.png` to `options.out`; a
        killed run loses at most `report_seconds`.
        """
        with self._loaders:
            for losses in self._rounds():
                self._report(losses, report)
                save_checkpoint(self._state(), self.options.out / "last.pt")
        return self.options.out / "best.pt"

    def restore(self) -> None:
        """Load the last checkpoint if the options ask to resume and there is one.

        Otherwise load the weights that they start from, if they name any.

        Raises:
            TrainingError: the checkpoint cannot be read.
            WeightsError: the weights cannot be read, or do not fit.
        """
        path = self.options.out / "last.pt"
        if not (self.options.resume and path.exists()):
            if self.options.start:
                self._begin_with(self.options.start)
            return
        state = load_checkpoint(path, self.options.device)
        self.net.load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds = int(state["step"]), float(state["seconds"])
        self.best = float(state["best"])

    def _begin_with(self, weights: Path) -> None:
        trained = [parameter for parameter in self.net.parameters() if parameter.requires_grad]
        fill_network(self.net, read_tensors(weights), weights.name)
        for parameter in trained:
            parameter.requires_grad_()
        self.average.module.load_state_dict(self.net.state_dict())

    def make_loader(
        self, draw: Callable[[float], _Drawn], rng: np.random.Generator
    ) -> BatchLoader[_Drawn]:
        """Return a loader with as many processes as the options ask for; it closes with the run."""
        return self._loaders.enter_context(closing(BatchLoader(draw, rng, self.options.workers)))

    def fresh_rng(self) -> np.random.Generator:
        """Return a generator of another stream after every resumption.

        The same pictures again would teach nothing.
        """
        return np.random.default_rng((self.options.seed, self.step))

    def _rounds(self) -> Iterator[list[float]]:
        """Train for `report_seconds` at a time; yield the losses."""
        while self.share < 1:
            until = time.monotonic() + self.options.report_seconds
            losses = [self.train_step()]
            while time.monotonic() < until and self.share < 1:
                losses.append(self.train_step())
            yield losses

    def _report(self, losses: list[float], report: OnReport) -> None:
        figures = self.measure()
        score = self.score(figures)
        if score >= self.best:
            self.best = score
            state = {"net": self.average.module.state_dict(), "step": self.step}
            save_checkpoint(state, self.options.out / "best.pt")
        now = Progress(self.step, self.seconds / 60, float(np.mean(losses)), figures)
        log = self.options.out / "progress.jsonl"
        progress_log.append_progress(log, now)
        progress_log.draw_curves(progress_log.read_progress(log), self.options.out / "curves.png")
        report(now)

    def _state(self) -> dict[str, object]:
        return {
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
            "best": self.best,
        }


@torch.no_grad()
def _follow(average: _Tensors, current: _Tensors, _count: object) -> None:
    """Update an exponential moving average; counters are copied."""
    for mean, value in zip(average, current, strict=True):
        if mean.is_floating_point():
            mean.lerp_(value, 1 - _AVERAGING)
        else:
            mean.copy_(value)
