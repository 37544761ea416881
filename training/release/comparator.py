"""Releases the comparator, with its held-out figures."""

from pathlib import Path
from typing import Final

from matcher.keypoints.features import FrontEnd
from matcher.networks.comparator_net import ComparatorNet
from matcher.networks.weights import Network, WeightsEntry
from training.comparator.material import MaterialCounts
from training.comparator.metrics import HeldOutPairs
from training.data.sources import TrainingData
from training.loop.checkpoint import load_checkpoint
from training.loop.export import WeightsCard, export_weights
from training.release.weights_folder import GROCERY, training_command

_SOURCES: Final = (
    f"{GROCERY} and without every fourth product (MIT); Amazon Picking Challenge catalog pictures "
    "(BSD-3); beverage3 (CC BY 4.0); art boxes (MIT); Clothing dataset (CC0); drawn packages and "
    "prints"
)


def release_comparator(
    data: TrainingData,
    run: Path,
    front_end: FrontEnd,
    folder: Path,
    amounts: MaterialCounts | None = None,
) -> WeightsEntry:
    """Measure the last network of a run beside methods without training, and write it.

    Raises:
        TrainingError: the run or the data folder is not complete.
    """
    net = ComparatorNet()
    net.load_state_dict(load_checkpoint(run / "best.pt", "cpu")["net"])
    held_out = HeldOutPairs.of(data, front_end, amounts or MaterialCounts())
    figures = {**held_out.measure(net, "cpu"), **held_out.untrained()}
    card = WeightsCard(
        name="comparator",
        network=Network.COMPARATOR,
        trained_on=_SOURCES,
        command=training_command("comparator", run),
        figures={f"held_out_{name}": value for name, value in figures.items()},
        options={},
    )
    return export_weights(run / "best.pt", card, folder)
