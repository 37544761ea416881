from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from typing_extensions import override

from matcher.errors import WeightsError
from training.loop.progress import Progress, read_progress
from training.loop.trainer import RunOptions, Trainer, rate_share


class LineRun(Trainer):
    """Fits one number; every step spends a tenth of the budget."""

    def __init__(self, options: RunOptions) -> None:
        torch.manual_seed(options.seed)
        net = nn.Linear(1, 1, bias=False)
        super().__init__(net, [{"params": list(net.parameters())}], 0.1, options)

    @override
    def loss(self) -> Tensor:
        self.seconds += 6.0
        error: Tensor = self.net(torch.ones(1, 1)) - 3.0
        return error.square().mean()

    @override
    def measure(self) -> Mapping[str, float]:
        return {"fit": self.step / 10}

    @override
    def score(self, figures: Mapping[str, float]) -> float:
        return figures["fit"]


def options(out: Path, resume: bool = False) -> RunOptions:
    return RunOptions(out, out, minutes=1.0, resume=resume, report_seconds=0.0)


def test_a_run_ends_when_its_budget_is_spent(tmp_path: Path) -> None:
    reports: list[Progress] = []
    best = LineRun(options(tmp_path)).run(reports.append)
    assert reports[-1].step == 10
    assert best.exists()
    assert (tmp_path / "curves.png").stat().st_size > 500
    assert [report.step for report in read_progress(tmp_path / "progress.jsonl")] == list(
        range(1, 11)
    )


def test_a_killed_run_goes_on_where_it_stood(tmp_path: Path) -> None:
    class RunKilled(RuntimeError):
        pass

    def kill(progress: Progress) -> None:
        if progress.step == 5:
            raise RunKilled

    with pytest.raises(RunKilled):
        LineRun(options(tmp_path)).run(kill)
    resumed = LineRun(options(tmp_path, resume=True))
    resumed.restore()
    assert resumed.step == 4  # the last report that was followed by its checkpoint
    reports: list[Progress] = []
    resumed.run(reports.append)
    assert reports[0].step == 5
    assert reports[-1].minutes == pytest.approx(1.0, abs=0.01)


def test_without_resume_a_run_starts_anew(tmp_path: Path) -> None:
    LineRun(options(tmp_path)).run(lambda _: None)
    fresh = LineRun(options(tmp_path))
    fresh.restore()
    assert fresh.step == 0


def test_a_run_begins_with_given_weights_at_a_gentler_rate(tmp_path: Path) -> None:
    given = tmp_path / "known.safetensors"
    save_file({"weight": torch.full((1, 1), 2.5)}, given)
    begun = LineRun(replace(options(tmp_path), start=given))
    begun.restore()
    for net in (begun.net, begun.average.module):
        assert net.state_dict()["weight"].item() == 2.5
    assert all(parameter.requires_grad for parameter in begun.net.parameters())
    assert begun.peak_rate < LineRun(options(tmp_path)).peak_rate
    assert begun.options.schedule_share(0.1) == 1.0
    assert options(tmp_path).schedule_share(0.1) == 0.1


def test_a_begun_run_that_was_killed_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    given = tmp_path / "known.safetensors"
    save_file({"weight": torch.full((1, 1), 2.5)}, given)
    chosen = replace(options(tmp_path, resume=True), start=given)
    LineRun(chosen).run(lambda _: None)
    resumed = LineRun(chosen)
    resumed.restore()
    assert resumed.step == 10


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    given = tmp_path / "other.safetensors"
    save_file({"bias": torch.zeros(1)}, given)
    with pytest.raises(WeightsError, match="does not fit"):
        LineRun(replace(options(tmp_path), start=given)).restore()


def test_a_resumed_run_draws_differently_from_the_first(tmp_path: Path) -> None:
    run = LineRun(options(tmp_path))
    first = run.fresh_rng().random()
    run.step = 7
    assert run.fresh_rng().random() != first


def test_a_group_with_a_pace_is_trained_at_that_share_of_the_rate(tmp_path: Path) -> None:
    run = LineRun(options(tmp_path))
    slow = nn.Parameter(torch.zeros(1))
    run.optimizer.add_param_group({"params": [slow], "pace": 0.25})
    run.train_step()
    usual, paced = (float(group["lr"]) for group in run.optimizer.param_groups)
    assert usual > 0
    assert paced == pytest.approx(0.25 * usual)


def test_the_rate_warms_up_and_fades() -> None:
    shares = [rate_share(share / 100) for share in range(101)]
    assert shares[0] < 0.1
    assert max(shares) == pytest.approx(1.0, abs=0.01)
    assert shares[-1] == pytest.approx(0.01)
    assert all(later <= earlier for earlier, later in pairwise(shares[5:]))
