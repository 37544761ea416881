"""`python -m training embedder|detector …`: the trainers without the rest of skulens."""

import argparse
import logging
import sys
from pathlib import Path

import torch

from training.detector import train_detector
from training.embedder import train_embedder
from training.errors import TrainingError
from training.progress import Progress
from training.run import RunOptions

LOGGER = logging.getLogger("training")


def main() -> int:
    """Train one network; 0 when done, 1 when refused."""
    arguments = _parser().parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    torch.set_num_threads(arguments.threads)
    try:
        best = _train(arguments)
    except TrainingError as error:
        LOGGER.error("%s", error)
        return 1
    LOGGER.info("best network: %s", best)
    return 0


def _train(arguments: argparse.Namespace) -> Path:
    options = RunOptions(
        data=arguments.data,
        out=arguments.out,
        minutes=arguments.minutes,
        seed=arguments.seed,
        device=arguments.device,
        resume=arguments.resume,
        report_seconds=arguments.report_seconds,
    )
    if arguments.network == "embedder":
        return train_embedder(options, _log)
    return train_detector(options, _log)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training")
    parser.add_argument("network", choices=["embedder", "detector"])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=45.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--report-seconds", type=float, default=240.0)
    return parser


def _log(progress: Progress) -> None:
    figures = " ".join(f"{name}={value:.3f}" for name, value in progress.figures.items())
    LOGGER.info(
        "step %d, %.1f min, loss %.3f, %s", progress.step, progress.minutes, progress.loss, figures
    )


if __name__ == "__main__":
    sys.exit(main())
