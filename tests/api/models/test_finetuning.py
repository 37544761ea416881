"""Networks that are fine-tuned to one catalog."""

from pathlib import Path

import pytest

from api.errors import Refused
from api.models.loading import Models
from matcher.networks.weights import (
    WeightsManifest,
)
from tests.api.cli.train.test_finetune import adapter, untrained_weights
from tests.api.models.test_per_catalog import (
    filled,
    own_models,
)
from tests.catalog.support.fakes import MemoryStorage
from training.loop.progress import Progress


@pytest.fixture(scope="module")
def models() -> Models:
    return own_models()


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> WeightsManifest:
    return untrained_weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture
def memory(models: Models) -> MemoryStorage:
    return filled(models)


@pytest.mark.usefixtures("small")
def test_it_trains_on_what_the_catalog_keeps(
    memory: MemoryStorage, models: Models, manifest: WeightsManifest, tmp_path: Path
) -> None:
    from training.loop.trainer import RunOptions

    making, _ = adapter(memory, models, manifest, tmp_path)
    reports: list[Progress] = []
    options = RunOptions(tmp_path / "run", tmp_path / "run", 0.001, report_seconds=1.0)
    adapted = making.train(options, reports.append)
    assert reports
    assert set(adapted.before) == set(adapted.after) > {"views_top1", "twins", "others_top1"}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.finetune.metrics.MOST_VIEWS", 6)
    monkeypatch.setattr("training.finetune.metrics.STRANGERS", 2)
    monkeypatch.setattr("training.finetune.embedder._BACKGROUNDS", 4)


def test_without_networks_to_start_from_it_is_refused(
    memory: MemoryStorage, models: Models, tmp_path: Path
) -> None:
    from api.models.finetuning_detector import CatalogDetectorFinetuner
    from training.loop.trainer import RunOptions

    making, store = adapter(memory, models, WeightsManifest(tmp_path, ()), tmp_path)
    options = RunOptions(tmp_path, tmp_path, 0.001)
    with pytest.raises(Refused, match="no embedder"):
        making.train(options, lambda _: None)
    with pytest.raises(Refused, match="no detector"):
        CatalogDetectorFinetuner(store, WeightsManifest(tmp_path, ()), any_licence=False).train(
            options, lambda _: None
        )
