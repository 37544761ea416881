"""Networks that were fine-tuned to one catalog: fetched, checked, loaded, used for it.

Only the embedder is ever made for a catalog; everything else is the process's own.
"""

import json
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Final
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from api.models.loading import Models, Networks, build_pipeline, encoder_of
from catalog.encodings.encoding import Encoder, PartIds, network_of
from catalog.encodings.network_store import NetworkStore
from catalog.errors import Conflict
from catalog.search.search import SearchQuery, SearchResult
from catalog.snapshot import Catalog
from catalog.storage.base import Storage
from matcher.decision.explain import Explanation
from matcher.detection.augmented import augment_for_photos
from matcher.errors import MatcherError
from matcher.networks.runtime import Runtime
from matcher.networks.weights import Network, Weights, check_hash
from matcher.pipeline import Pipeline
from matcher.results import Detection, Identification, KnownPrint, Match
from matcher.retrieval.companions import Companion
from matcher.retrieval.embedder import NetworkEmbedder, parse_part_id
from matcher.retrieval.search import PictureSearch

# One name in the file's header: of several the order would be another each time, and so the hash.
NOTES: Final = "skulens"
NONCOMMERCIAL: Final = "noncommercial"
_KEPT: Final = 8  # embedders that stay loaded; the longest unused one is dropped first

_logger = logging.getLogger(__name__)


class PerCatalogModels:
    """The process's models with the embedder of a catalog; thread-safe."""

    def __init__(
        self, models: Models, storage: Storage, runtime: Runtime, cache: Path, *, any_licence: bool
    ) -> None:
        """Take what they are made of.

        Args:
            models: the process's own.
            storage: of the catalogs.
            runtime: runs the networks.
            cache: folder for fetched weights; may be deleted at any time.
            any_licence: also load weights that may not be used commercially.
        """
        self._models = models
        self._storage = storage
        self._runtime = runtime
        self._cache = cache
        self._any_licence = any_licence
        self._lock = Lock()
        self._known: OrderedDict[str, Models] = OrderedDict()

    def of(self, catalog: str, part_id: str) -> Models | None:
        """The models with the embedder that a part id names; None if the catalog has none such.

        Blocks while they are fetched, the first time.

        Raises:
            Conflict: they are there and cannot be used; the message says why.
            StorageUnavailable: the storage refused.
        """
        part_id = network_of(part_id)
        if part_id == self._models.networks.embedder.part_id:
            return self._models
        with self._lock:
            known = self._known.get(part_id)
            if known is None:
                known = self._loaded(catalog, part_id)
                if known is None:
                    return None
                self._known[part_id] = known
                while len(self._known) > _KEPT:
                    self._known.popitem(last=False)
            self._known.move_to_end(part_id)
            return known

    @property
    def companions(self) -> tuple[Companion, ...]:
        """The companions beside the process's own embedder, and beside fine-tuned ones."""
        embedder = self._models.networks.embedder
        return embedder.companions if isinstance(embedder, NetworkEmbedder) else ()

    def encoder(self, catalog: str, part_ids: PartIds) -> Encoder | None:
        """Return the encoder by the networks of these parts; None if the catalog has none.

        Raises as `of`.
        """
        models = self.of(catalog, part_ids.embedding)
        same = models is not None and models.encoder.part_ids.networks == part_ids.networks
        return models.encoder if models and same else None

    def weights_of(self, catalog: str, part_id: str) -> Weights | None:
        """The file of an embedder that was made for a catalog; None if it has none such.

        Raises:
            Conflict: it is there and cannot be used; the message says why.
            StorageUnavailable: the storage refused.
        """
        named = parse_part_id(network_of(part_id))
        if named is None:
            return None
        objects = NetworkStore(self._storage, catalog)
        sha256 = objects.find(named.digest)
        if sha256 is None:
            return None
        path = self._fetched(objects, sha256)
        self._check_licence(path)
        return Weights(Network.EMBEDDER, path, sha256, named.options)

    def _loaded(self, catalog: str, part_id: str) -> Models | None:
        weights = self.weights_of(catalog, part_id)
        if weights is None:
            return self._earlier(part_id)
        try:
            companions = self._companions(catalog, part_id)
            embedder = NetworkEmbedder(self._runtime.load(weights), companions)
        except MatcherError as error:
            raise Conflict(f"the networks of catalog {catalog} cannot be used: {error}") from error
        _logger.info("loaded the embedder made for catalog %s: %s", catalog, part_id)
        return with_embedder(self._models, embedder)

    def _earlier(self, part_id: str) -> Models | None:
        """Return the process's own network with fewer companions, as earlier versions had them."""
        embedder = self._models.networks.embedder
        if not isinstance(embedder, NetworkEmbedder):
            return None
        for companions in _first_ones(embedder.companions):
            earlier = embedder.beside(companions)
            if earlier.part_id == part_id:
                return with_embedder(self._models, earlier)
        return None

    def _companions(self, catalog: str, part_id: str) -> tuple[Companion, ...]:
        """Return what stands beside the network that a part id names."""
        named = parse_part_id(part_id)
        for companions in (*_first_ones(self.companions), self.companions):
            if named is None or named.stands_beside(companions):
                return companions
        raise Conflict(
            f"the networks of catalog {catalog} cannot be used: they were made beside other "
            "colours or features than the present ones; adapt them again by "
            "`skulens train embedder`"
        )

    def _fetched(self, objects: NetworkStore, sha256: str) -> Path:
        """The file in the cache folder, whole and checked."""
        path = self._cache / f"{sha256}.safetensors"
        try:
            check_hash(path, sha256)
        except MatcherError:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_name(f".{path.name}.{uuid4().hex}")
            partial.write_bytes(objects.get(sha256))
            partial.replace(path)
        return path

    def _check_licence(self, path: Path) -> None:
        if self._any_licence or NONCOMMERCIAL not in read_weight_notes(path):
            return
        raise Conflict(
            "they were made from weights that may not be used commercially; set "
            "SKULENS_ALLOW_NONCOMMERCIAL_WEIGHTS=yes if your use is not commercial"
        )


def _first_ones(companions: Sequence[Companion]) -> list[tuple[Companion, ...]]:
    """Return the beginnings of a sequence, from none to all but one."""
    return [tuple(companions[:count]) for count in range(len(companions))]


def read_weight_notes(path: Path) -> dict[str, object]:
    """Read the notes in the header of a weights file.

    Raises:
        Conflict: it is no safetensors file.
    """
    try:
        with safe_open(path, "numpy") as opened:
            return dict(json.loads((opened.metadata() or {}).get(NOTES, "{}")))
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise Conflict(f"{path} is no safetensors file: {error}") from error


def with_embedder(models: Models, embedder: NetworkEmbedder) -> Models:
    """Return models with another embedder."""
    networks: Networks = replace(models.networks, embedder=embedder)
    decision = models.decision.with_networks(embedder.part_id)
    return Models(
        networks=networks,
        decision=decision,
        pipeline=build_pipeline(networks, decision),
        encoder=encoder_of(networks),
    )


class CatalogFinder:
    """Asks each catalog by its own networks; implements `api.services.PhotoFinder`."""

    def __init__(self, models: Models, adapted: Callable[[str, str], Models | None]) -> None:
        """Take the process's models, and what gives those of a catalog by name and part id."""
        self._models = models
        self._adapted = adapted

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        """Boxes that may hold products."""
        return self._models.pipeline.detect(image)

    def match(
        self,
        image: NDArray[np.uint8],
        detections: Sequence[Detection],
        catalog: Catalog,
        known: Sequence[KnownPrint] = (),
    ) -> tuple[Match, ...]:
        """One match per detection, in order."""
        return self._of(catalog).match(image, detections, catalog, known)

    def survey(
        self, image: NDArray[np.uint8], catalog: Catalog, known: Sequence[KnownPrint] = ()
    ) -> Identification:
        """Every product in a frame, none of them its subject."""
        return self._of(catalog).survey(image, catalog, known)

    def identify(
        self, image: NDArray[np.uint8], catalog: Catalog, *, whole_image: bool = False
    ) -> Identification:
        """Every product in a picture."""
        return self._of(catalog).identify(image, catalog, whole_image=whole_image)

    def explain(self, image: NDArray[np.uint8], catalog: Catalog, product_id: str) -> Explanation:
        """Which gate lets a product through and which one loses it."""
        return self._of(catalog).explain(image, catalog, product_id)

    def models_of(self, catalog: Catalog) -> Models:
        """Those that a catalog is asked by; the process's own where it has none of its own.

        A catalog of networks that cannot be had refuses by itself, when it is asked.
        """
        return self._adapted(catalog.name, catalog.part_ids.embedding) or self._models

    def _of(self, catalog: Catalog) -> Pipeline:
        return self.models_of(catalog).pipeline


class CatalogSearcher:
    """Searches each catalog by its own networks; implements `api.services.Searcher`."""

    def __init__(self, finder: CatalogFinder) -> None:
        self._finder = finder

    def search(
        self, catalog: Catalog, search: SearchQuery, image: NDArray[np.uint8]
    ) -> SearchResult:
        """Products like a picture, which also the words of the search may find."""
        networks = self._finder.models_of(catalog).networks
        by_look = PictureSearch(networks.embedder, augment_for_photos(networks.detector))
        return by_look.search(catalog, search, image)
