"""Fine-tunes networks to one catalog: train, keep, encode, switch over by one journal entry."""

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.torch import save_file

from api.errors import Refused
from api.models.finetuning_detector import CatalogDetectorFinetuner
from api.models.per_catalog import NONCOMMERCIAL, NOTES, PerCatalogModels
from catalog.encodings.encoding import NO_PARTS
from catalog.encodings.network_store import NetworkStore
from catalog.migration import model_id_of
from catalog.storage.base import Storage
from catalog.store import CatalogStore
from matcher.networks.weights import Network, Weights, WeightsManifest
from matcher.retrieval.embedder import embedder_part_id
from training.data.catalog_products import CatalogProduct, read_catalog_products
from training.embedder.train import embed_crops
from training.finetune.embedder import (
    EmbedderFinetuneOptions,
    FinetunedEmbedder,
    finetune_embedder,
    input_side,
    load_embedder,
)
from training.finetune.metrics import find_nearest_others
from training.loop.export import to_half_precision
from training.loop.progress import OnReport
from training.loop.trainer import RunOptions

OnStage = Callable[[str, int, int | None], None]


@dataclass(frozen=True, slots=True)
class KeptNetworks:
    """Fine-tuned networks that are kept beside their catalog.

    Attributes:
        model_id: of the networks, as `skulens catalog model` shows it.
        sha256: of their file.
        index_version: of the catalog; None where it was not switched.
    """

    model_id: str
    sha256: str
    index_version: int | None


@dataclass(frozen=True, slots=True, eq=False)
class FinetuningData:
    """Pictures that fine-tuning learns from.

    Attributes:
        products: of the catalog.
        twins: (N,) the nearest other product of each.
        side: pixels at which the embedder sees a crop.
    """

    products: Sequence[CatalogProduct]
    twins: NDArray[np.intp]
    side: int


class CatalogFinetuner:
    """Fine-tunes the embedder to one catalog."""

    def __init__(
        self,
        store: CatalogStore,
        storage: Storage,
        adapted: PerCatalogModels,
        manifest: WeightsManifest,
        *,
        any_licence: bool,
    ) -> None:
        """Take the catalog and what its networks are made from.

        Args:
            store: the catalog.
            storage: it lies in.
            adapted: loads networks that were made for a catalog.
            manifest: of the shipped weights.
            any_licence: also start from weights that may not be used commercially.
        """
        self._store = store
        self._storage = storage
        self._adapted = adapted
        self._manifest = manifest
        self._any_licence = any_licence

    def train(
        self, options: RunOptions, report: OnReport, places: Sequence[NDArray[np.uint8]] = ()
    ) -> FinetunedEmbedder:
        """Train on the catalog's reference pictures; blocks for `options.minutes` and more.

        Raises:
            Refused: there is no trained embedder to start from.
            TrainingError: the catalog has too few products, or a checkpoint cannot be read.
            Conflict: networks that this process lacks encoded the catalog.
        """
        start = self._start()
        snapshot = self._store.snapshot()
        present = self._adapted.weights_of(snapshot.name, snapshot.part_ids.embedding) or start
        products = read_catalog_products(snapshot, options.seed)
        return finetune_embedder(
            products, EmbedderFinetuneOptions(options, start, present), report, places
        )

    def keep(self, adapted: FinetunedEmbedder, *, switch: bool, on_stage: OnStage) -> KeptNetworks:
        """Put the networks beside the catalog, encode it by them, and switch to them.

        The catalog answers by its old networks until the switch, which is one journal entry; they
        are kept to go back to.

        Args:
            adapted: what was trained.
            switch: whether to switch; else they are only made ready for it.
            on_stage: called with what is done, how many steps are done and how many there are.

        Raises:
            CatalogError: the storage refused, or a picture is damaged.
        """
        start = self._start()
        on_stage("keeping the networks", 0, None)
        objects = NetworkStore(self._storage, self._store.name)
        sha256 = objects.save(self._file_of(adapted, start))
        part_id = embedder_part_id(replace(start, sha256=sha256), self._adapted.companions)
        models = self._adapted.of(self._store.name, part_id)
        if models is None:
            raise Refused(f"catalog {self._store.name} lost the networks {sha256[:12]}; try again")
        encoder = models.encoder
        change = self._store.migration.by(encoder)

        def advance(done: int, total: int) -> None:
            on_stage("encoding", done, total)

        model_id = model_id_of(encoder.part_ids)
        if not switch:
            change.prepare(advance)
            return KeptNetworks(model_id, sha256, None)
        version = change.switch(advance)
        self._tidy(objects)
        return KeptNetworks(model_id, sha256, version)

    def material(self, seed: int = 0) -> "FinetuningData":
        """Return what training draws from, for previews.

        Raises:
            Refused: there is no trained embedder to start from.
            TrainingError: the catalog has too few products.
            Conflict: networks that this process lacks encoded the catalog.
        """
        start = self._start()
        products = read_catalog_products(self._store.snapshot(), seed)
        net, side = load_embedder(start), input_side(start)
        twins = find_nearest_others(products, lambda crops: embed_crops(net, crops, side=side))
        return FinetuningData(products, twins, side)

    @property
    def detector(self) -> CatalogDetectorFinetuner:
        """Fine-tunes the detector to the same catalog."""
        return CatalogDetectorFinetuner(self._store, self._manifest, any_licence=self._any_licence)

    def _start(self) -> Weights:
        entries = self._manifest.of_network(Network.EMBEDDER)
        if not entries:
            raise Refused(
                f"{self._manifest.folder} lists no embedder to start from; set SKULENS_WEIGHTS to "
                "the folder that came with skulens"
            )
        return self._manifest.weights(entries[0].name, allow_noncommercial=self._any_licence)

    def _file_of(self, adapted: FinetunedEmbedder, start: Weights) -> bytes:
        """A safetensors file: half precision, and in its header what it is."""
        notes: dict[str, object] = {
            "made_for": self._store.name,
            "made_from": start.sha256,
            "before": _rounded(adapted.before),
            "after": _rounded(adapted.after),
        }
        entry = self._manifest.of_network(Network.EMBEDDER)[0]
        if not entry.commercial_use:
            notes[NONCOMMERCIAL] = entry.licence
        with tempfile.TemporaryDirectory(prefix="skulens-") as folder:
            path = Path(folder) / "embedder.safetensors"
            save_file(
                to_half_precision(adapted.state), path, {NOTES: json.dumps(notes, sort_keys=True)}
            )
            return path.read_bytes()

    def _tidy(self, objects: NetworkStore) -> None:
        """Forget networks that the catalog can neither answer by nor go back to."""
        state = self._store.state()
        known = (state.part_ids, state.previous, state.prepared)
        objects.tidy([parts.embedding for parts in known if parts != NO_PARTS])


def _rounded(figures: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in figures.items()}
