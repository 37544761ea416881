"""Tools for pictures alone, without a catalog; each tool loads its networks at first use."""

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.models.loading import Models
    from api.settings import Settings
    from matcher.crops.propose.proposer import CropProposer
    from matcher.networks.runtime import LoadedNetwork, Runtime


class CropTools:
    """Locator, proposer and framer of these settings; safe to share between threads."""

    def __init__(
        self,
        settings: "Settings",
        runtime: "Callable[[], Runtime]",
        models: "Callable[[], Models]",
    ) -> None:
        """Remember where networks come from; nothing is loaded yet.

        Args:
            settings: name the weights folder and the cache.
            runtime: runs the networks.
            models: the recognition's networks, for what shares the detector.
        """
        self._settings = settings
        self._runtime = runtime
        self._models = models

    def load(self, name: str) -> "LoadedNetwork":
        """Return the network of a manifest's entry.

        Raises:
            WeightsError: it is missing, changed or broken; the message says what mends it.
        """
        from matcher.networks.weights import read_manifest

        manifest = read_manifest(self._settings.weights)
        allowed = self._settings.allow_noncommercial_weights
        return self._runtime().load(manifest.weights(name, allow_noncommercial=allowed))

    @cached_property
    def proposer(self) -> "CropProposer":
        """Says what is meant in a picture.

        Raises:
            WeightsError: weights are missing, changed or broken; the message says what mends it.
        """
        from matcher.crops.propose.network import ProposerNetwork
        from matcher.crops.propose.proposer import CropProposer

        features = self.load("imagenet-efficientnet-lite0")
        return CropProposer(ProposerNetwork(features, self.load("proposer")))
