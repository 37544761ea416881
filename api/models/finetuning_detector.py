"""A detector adapted to one catalog: trained on its cut-outs, written as a weights folder.

No part of a catalog's encoding names the detector, so nothing has to be encoded anew; a process
uses it by its setting for the weights folder.
"""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from api.errors import Refused
from catalog.store import CatalogStore
from matcher.networks.weights import Network, Weights, WeightsEntry, WeightsManifest, write_manifest
from training.data.catalog_products import read_catalog_products
from training.finetune.detector import DetectorFinetuneOptions, FinetunedDetector, finetune_detector
from training.loop.export import WeightsCard, export_weights
from training.loop.progress import OnReport
from training.loop.trainer import RunOptions


class CatalogDetectorFinetuner:
    """Fine-tunes the detector to one catalog."""

    def __init__(
        self, store: CatalogStore, manifest: WeightsManifest, *, any_licence: bool
    ) -> None:
        """Take the catalog and the weights to start from.

        Args:
            store: the catalog.
            manifest: of the shipped weights.
            any_licence: also start from weights that may not be used commercially.
        """
        self._store = store
        self._manifest = manifest
        self._any_licence = any_licence

    def train(
        self,
        options: RunOptions,
        report: OnReport,
        places: Sequence[NDArray[np.uint8]] = (),
        photos: Path | None = None,
    ) -> FinetunedDetector:
        """Train on scenes of the catalog's products; blocks for `options.minutes` and more.

        Raises:
            Refused: there is no trained detector to start from.
            TrainingError: the catalog has too few products, or photos cannot be read.
        """
        entry = self._entry()
        start: Weights = self._manifest.weights(entry.name, allow_noncommercial=self._any_licence)
        products = read_catalog_products(self._store.snapshot(), options.seed)
        finetuning = DetectorFinetuneOptions(options, start, photos)
        return finetune_detector(products, finetuning, report, places)

    def write(self, adapted: FinetunedDetector, folder: Path) -> Path:
        """Write the present weights folder anew with this detector; return its full path.

        Raises:
            OSError: the disk refused.
        """
        entry = self._entry()
        folder.mkdir(parents=True, exist_ok=True)
        others = [kept for kept in self._manifest.entries if kept.network is not Network.DETECTOR]
        for kept in others:
            shutil.copyfile(self._manifest.folder / kept.file, folder / kept.file)
        write_manifest(WeightsManifest(folder, tuple(others)))
        made = export_weights(
            adapted.checkpoint,
            WeightsCard(
                name=f"{entry.name}-{self._store.name}",
                network=Network.DETECTOR,
                trained_on=f"{entry.trained_on}; then scenes of catalog {self._store.name}",
                command=f"skulens train detector --catalog {self._store.name}",
                figures={f"own_{name}": value for name, value in adapted.after.items()},
                options=entry.options,
            ),
            folder,
        )
        # It came from those weights, so it is under their licence.
        made = replace(made, licence=entry.licence, commercial_use=entry.commercial_use)
        write_manifest(WeightsManifest(folder, (*others, made)))
        return folder.resolve()

    def _entry(self) -> WeightsEntry:
        entries = self._manifest.of_network(Network.DETECTOR)
        if not entries:
            raise Refused(
                f"{self._manifest.folder} lists no detector to start from; set SKULENS_WEIGHTS to "
                "the folder that came with skulens"
            )
        return entries[0]
