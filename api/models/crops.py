"""Tools for pictures alone, without a catalog; each tool loads its networks at first use."""

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.models.framings import KeptFramings
    from api.models.loading import Models
    from api.settings import Settings
    from matcher.crops.locate import CropLocator
    from matcher.crops.propose.proposer import CropProposer
    from matcher.crops.thumbnail.faces import FaceCascade
    from matcher.crops.thumbnail.feature_map import ImageNetFeatures
    from matcher.crops.thumbnail.framer import ThumbnailFramer
    from matcher.crops.thumbnail.ranker import FramingRanker
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

        return CropProposer(ProposerNetwork(self._features, self.load("proposer")))

    @cached_property
    def framer(self) -> "ThumbnailFramer":
        """Finds the most pleasant crops.

        Raises:
            WeightsError: weights are missing, changed or broken; the message says what mends it.
        """
        from matcher.crops.thumbnail.feature_map import ImageNetFeatures
        from matcher.crops.thumbnail.framer import ThumbnailFramer

        return ThumbnailFramer(
            self.faces,
            self._models().networks.detector,
            ImageNetFeatures(self._features),
            self.framing,
        )

    @cached_property
    def framings(self) -> "KeptFramings":
        """Crops of pictures that pages show; loads the framer for the first of them."""
        from api.models.framings import KeptFramings

        return KeptFramings(lambda: self.framer)

    @cached_property
    def faces(self) -> "FaceCascade":
        """Finds faces; on the processor whatever the device, because its networks are ONNX files.

        Raises:
            WeightsError: weights are missing, changed or broken; the message says what mends it.
        """
        from matcher.crops.thumbnail.faces import FaceCascade
        from matcher.networks.openvino_runtime import OpenVinoRuntime
        from matcher.networks.weights import read_manifest

        manifest, folder = read_manifest(self._settings.weights), self._settings.cache_dir
        runtime = OpenVinoRuntime(folder / "networks", threads=self._settings.threads)
        propose, refine, judge = (
            runtime.load(manifest.weights(f"faces-mtcnn-{name}")).functions["run"]
            for name in ("proposals", "refinement", "output")
        )
        return FaceCascade(propose, refine, judge)

    @property
    def features_alone(self) -> "ImageNetFeatures":
        """Features of a crop that is judged as a photo of its own, for measurements."""
        from matcher.crops.thumbnail.feature_map import ImageNetFeatures
        from matcher.crops.thumbnail.framing_pairs import ALONE_SIDE_PX

        return ImageNetFeatures(self._features, ALONE_SIDE_PX)

    @cached_property
    def framing(self) -> "FramingRanker":
        """Ranks windows of a picture.

        Raises:
            WeightsError: weights are missing, changed or broken; the message says what mends it.
        """
        from matcher.crops.thumbnail.ranker import FramingRanker, FramingWeights
        from matcher.networks.weights import read_manifest

        weights = read_manifest(self._settings.weights).weights("framing")
        weights.check()
        return FramingRanker(FramingWeights.read(weights.path))

    @cached_property
    def _features(self) -> "LoadedNetwork":
        """The features of ImageNet, of which proposer and framer use different maps."""
        return self.load("imagenet-efficientnet-lite0")

    @cached_property
    def locator(self) -> "CropLocator":
        """Tells whether one picture is a crop of another."""
        from matcher.crops.locate import CropLocator

        return CropLocator()
