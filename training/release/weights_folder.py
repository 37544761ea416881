"""The weights folder that networks are released into."""

from pathlib import Path
from typing import Final

from torch import nn

from matcher.networks.weights import Network, WeightsEntry, load_weights, read_manifest
from training.errors import TrainingError
from training.loop.progress import read_progress

GROCERY: Final = (
    "Grocery Store Dataset train photos and catalog pictures without the 8 left-out cartons"
)


def find_entry(folder: Path, network: Network) -> WeightsEntry:
    """Return the first entry that a weights folder lists for a network.

    Raises:
        TrainingError: it lists none.
        WeightsError: its manifest cannot be read.
    """
    entries = read_manifest(folder).of_network(network)
    if not entries:
        raise TrainingError(f"{folder} has no {network} yet: release one, too")
    return entries[0]


def load_listed_weights(net: nn.Module, folder: Path, network: Network) -> None:
    """Fill a network with the weights that a folder lists for it; see `find_entry`."""
    entry = find_entry(folder, network)
    load_weights(net, folder / entry.file, entry.sha256)


def training_command(network: str, run: Path) -> str:
    """Return the command that trains such weights again, with the minutes that the run took."""
    reports = read_progress(run / "progress.jsonl")
    minutes = reports[-1].minutes if reports else 0.0
    return f"skulens train {network} --data DIR --out DIR --minutes {minutes:.0f}"
