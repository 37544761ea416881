"""`python -m training detector|embedder|ship|… …`: the trainers without the rest of skulens."""

import argparse
import logging
import sys
from pathlib import Path

import torch

from matcher.errors import WeightsError
from training.data.sources import TrainingData
from training.detector.train import train_detector
from training.embedder.train import train_embedder
from training.errors import TrainingError
from training.loop.progress import Progress
from training.loop.trainer import RunOptions
from training.release.comparator import release_comparator
from training.release.keypoints import SuperGlueServing, release_superglue, release_superpoint
from training.release.release import FinishedRuns, release_networks
from training.superglue.front_ends import FrontEndChoice, FrontEndKind

LOGGER = logging.getLogger("training")


def main() -> int:
    """Train one network, or put finished ones into the weights folder; 0 done, 1 refused."""
    arguments = _parser().parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    torch.set_num_threads(arguments.threads)
    try:
        arguments.act(arguments)
    except (TrainingError, WeightsError) as error:
        LOGGER.error("%s", error)
        return 1
    return 0


def _train(arguments: argparse.Namespace) -> None:
    options = RunOptions(
        data=arguments.data,
        out=arguments.out,
        minutes=arguments.minutes,
        seed=arguments.seed,
        device=arguments.device,
        resume=arguments.resume,
        report_seconds=arguments.report_seconds,
        workers=arguments.workers,
        batches=arguments.batches,
    )
    trainers = {"detector": train_detector, "embedder": train_embedder}
    LOGGER.info("best network: %s", trainers[arguments.task](options, _log))


def _ship(arguments: argparse.Namespace) -> None:
    runs = FinishedRuns(
        arguments.data,
        arguments.detector,
        arguments.embedder,
        arguments.colours,
        arguments.decision,
    )
    for entry in release_networks(runs, arguments.weights):
        LOGGER.info("%s: %d bytes, %s", entry.file, entry.size, dict(entry.figures))


def _ship_superglue(arguments: argparse.Namespace) -> None:
    kind, folder = FrontEndKind(arguments.front_end), arguments.weights
    choice = FrontEndChoice(kind, folder, arguments.run / "networks")
    served = SuperGlueServing(arguments.keypoints, arguments.closer)
    pool = arguments.pool or arguments.run / "pool"
    entry = release_superglue(arguments.run, pool, choice, served, folder)
    LOGGER.info("%s: %d bytes, %s", entry.file, entry.size, dict(entry.figures))


def _ship_superpoint(arguments: argparse.Namespace) -> None:
    data = TrainingData.open(arguments.data)
    entry = release_superpoint(data, arguments.run, arguments.weights)
    LOGGER.info("%s: %d bytes, %s", entry.file, entry.size, dict(entry.figures))


def _ship_comparator(arguments: argparse.Namespace) -> None:
    data = TrainingData.open(arguments.data)
    choice = FrontEndChoice(FrontEndKind.ROOTSIFT, arguments.weights, arguments.run / "networks")
    entry = release_comparator(data, arguments.run, choice.open(), arguments.weights)
    LOGGER.info("%s: %d bytes, %s", entry.file, entry.size, dict(entry.figures))


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--data", type=Path, required=True)
    common.add_argument("--threads", type=int, default=1)
    parser = argparse.ArgumentParser(prog="python -m training")
    tasks = parser.add_subparsers(dest="task", required=True)
    for name in ("detector", "embedder"):
        trainer = tasks.add_parser(name, parents=[common])
        trainer.add_argument("--out", type=Path, required=True)
        trainer.add_argument("--minutes", type=float, default=45.0)
        trainer.add_argument("--seed", type=int, default=0)
        trainer.add_argument("--device", default="cpu")
        trainer.add_argument("--resume", action="store_true")
        trainer.add_argument("--report-seconds", type=float, default=240.0)
        trainer.add_argument("--workers", type=int, default=0)
        trainer.add_argument("--batches", type=int, default=1)
        trainer.set_defaults(act=_train)
    shipper = tasks.add_parser("ship", parents=[common])
    shipper.add_argument("--detector", type=Path)
    shipper.add_argument("--embedder", type=Path)
    shipper.add_argument("--colours", type=Path)
    shipper.add_argument("--decision", type=Path)
    shipper.add_argument("--weights", type=Path, required=True)
    shipper.set_defaults(act=_ship)
    for name, act in (
        ("ship-superglue", _ship_superglue),
        ("ship-superpoint", _ship_superpoint),
        ("ship-comparator", _ship_comparator),
    ):
        shipper = tasks.add_parser(name, parents=[common])
        shipper.add_argument("--run", type=Path, required=True)
        shipper.add_argument("--weights", type=Path, required=True)
        shipper.set_defaults(act=act)
        if act is _ship_superglue:
            shipper.add_argument("--pool", type=Path)
            shipper.add_argument("--front-end", default="rootsift")
            shipper.add_argument("--keypoints", type=int, default=384)
            shipper.add_argument("--closer", type=int, default=4)
    return parser


def _log(progress: Progress) -> None:
    figures = " ".join(f"{name}={value:.3f}" for name, value in progress.figures.items())
    LOGGER.info(
        "step %d, %.1f min, loss %.3f, %s", progress.step, progress.minutes, progress.loss, figures
    )


if __name__ == "__main__":
    sys.exit(main())
