"""Write a run's best checkpoint as weights to serve: half precision, with a manifest entry."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from safetensors.torch import save_file
from torch import Tensor

from matcher.networks.weights import (
    Network,
    WeightsEntry,
    WeightsManifest,
    read_manifest,
    sha256_of,
    write_manifest,
)
from training.loop.checkpoint import load_checkpoint

LICENCE: Final = "AGPL-3.0-or-later"
# Running means and variances of batch norm may exceed half precision; they are few.
_KEPT_WIDE: Final = ("running_mean", "running_var")
_COUNTER: Final = "num_batches_tracked"


@dataclass(frozen=True, slots=True)
class WeightsCard:
    """The facts of a manifest entry that cannot be read from the weights file.

    Attributes:
        name: unique in the manifest; also the file's stem.
        network: what they are for.
        trained_on: the data with licences, for people.
        command: what made them.
        figures: measured, by name.
        options: numbers that belong to them, such as `input_size`.
    """

    name: str
    network: Network
    trained_on: str
    command: str
    figures: Mapping[str, float]
    options: Mapping[str, float]


def to_half_precision(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors in half precision where that costs nothing, without training's counters."""
    return {name: _narrowed(name, value) for name, value in state.items() if _COUNTER not in name}


def export_weights(checkpoint: Path, card: WeightsCard, folder: Path) -> WeightsEntry:
    """Write a checkpoint's weights and their manifest entry, which replaces one of the same name.

    Raises:
        TrainingError: the checkpoint cannot be read.
        WeightsError: the folder's manifest cannot be read.
    """
    state = load_checkpoint(checkpoint, "cpu")["net"]
    path = folder / f"{card.name}.safetensors"
    save_file(to_half_precision(state), path)
    return add_to_manifest(path, card, folder)


def add_to_manifest(path: Path, card: WeightsCard, folder: Path) -> WeightsEntry:
    """Write the manifest entry of a file in the weights folder and return it.

    Raises:
        WeightsError: the folder's manifest cannot be read.
    """
    path.chmod(0o644)
    entry = WeightsEntry(
        name=card.name,
        file=path.name,
        network=card.network,
        sha256=sha256_of(path),
        size=path.stat().st_size,
        licence=LICENCE,
        commercial_use=True,
        trained_on=card.trained_on,
        command=card.command,
        figures={name: round(value, 4) for name, value in card.figures.items()},
        options=card.options,
    )
    entries = {other.name: other for other in read_manifest(folder).entries} | {card.name: entry}
    write_manifest(WeightsManifest(folder, tuple(entries.values())))
    return entry


def _narrowed(name: str, value: Tensor) -> Tensor:
    value = value.detach().cpu().contiguous()
    if value.is_floating_point() and not name.endswith(_KEPT_WIDE):
        return value.to(torch.float16)
    return value
