"""Front ends of keypoints: chosen by name, opened in each process that extracts them."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import numpy as np

from matcher.keypoints.features import FrontEnd
from matcher.keypoints.rootsift import RootSift, read_basis
from matcher.keypoints.superpoint import SuperPointFrontEnd
from matcher.networks.devices import Device, choose_runtime
from matcher.networks.weights import Network, Weights, read_manifest
from training.errors import TrainingError

_THREADS: Final = 1


class FrontEndKind(StrEnum):
    """A method that finds and describes keypoints."""

    ROOTSIFT = "rootsift"
    SUPERPOINT = "superpoint"


_NETWORKS: Final = {
    FrontEndKind.ROOTSIFT: Network.KEYPOINT_BASIS,
    FrontEndKind.SUPERPOINT: Network.SUPERPOINT,
}


@dataclass(frozen=True, slots=True)
class FrontEndChoice:
    """A front end before it is opened.

    Attributes:
        kind: the method.
        weights: the folder that holds its weights.
        cache: folder for compiled networks.
    """

    kind: FrontEndKind
    weights: Path
    cache: Path

    def open(self) -> FrontEnd:
        """Load the front end.

        Raises:
            TrainingError: the folder has no weights for it.
            WeightsError: the weights are broken.
        """
        weights = self._listed()
        if self.kind is FrontEndKind.ROOTSIFT:
            return RootSift(read_basis(weights.path))
        runtime = choose_runtime(Device.CPU, self.cache, _THREADS)
        return SuperPointFrontEnd(runtime.load(weights))

    def _listed(self) -> Weights:
        manifest = read_manifest(self.weights)
        entries = manifest.of_network(_NETWORKS[self.kind])
        if not entries:
            raise TrainingError(f"{self.weights} lists no weights for {self.kind}")
        return manifest.weights(entries[0].name)


def descriptor_size(front_end: FrontEnd) -> int:
    """Return the length of a front end's descriptors."""
    nothing = front_end.extract(np.zeros((64, 64, 3), np.uint8), 1)
    return int(nothing.descriptors.shape[1])
