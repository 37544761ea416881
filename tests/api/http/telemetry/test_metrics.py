"""The metrics that Prometheus reads."""

from contextlib import closing
from pathlib import Path

from prometheus_client.samples import Sample
from typing_extensions import override

from api.http.jobs.runner import JobRunner
from api.http.telemetry.metrics import EngineCollector
from api.open_catalogs import CatalogRegistry
from api.services import build_services
from api.settings import Settings
from catalog.search.vector_index import IndexHealth
from tests.api.http.serving import Service, png


class HashedCatalogs(CatalogRegistry):
    """Follows a catalog so large that shortlists are hashed, and one where none was checked."""

    @override
    def index_health(self) -> dict[str, IndexHealth]:
        checked = IndexHealth(10**6, hashed=True, checks=200, recall=0.97, alarm=False)
        unchecked = IndexHealth(9, hashed=False, checks=0, recall=None, alarm=False)
        return {"large": checked, "new": unchecked}


def test_an_identification_leaves_its_figures(service: Service) -> None:
    files = {"image": ("tea.png", png(1), "image/png")}
    service.client.post("/v1/catalogs/shop/identify", files=files).raise_for_status()
    text = service.client.get("/metrics").text
    assert 'skulens_stage_seconds_count{stage="verify"}' in text
    assert 'skulens_journal_age_seconds{catalog="shop"}' in text
    assert 'route="/v1/catalogs/{catalog}/identify"' in text


def test_recall_is_a_metric_of_the_catalogs_in_which_it_was_checked(tmp_path: Path) -> None:
    settings = Settings(storage=tmp_path / "data")
    with (
        build_services(settings) as services,
        closing(HashedCatalogs(services.catalogs)) as catalogs,
        closing(JobRunner(tmp_path / "jobs", {})) as jobs,
    ):

        def samples(*, seen: bool) -> dict[str, list[Sample]]:
            collector = EngineCollector(catalogs, jobs, (), lambda _: seen)
            return {metric.name: metric.samples for metric in collector.collect()}

        (recall,) = samples(seen=True)["skulens_index_recall"]
        assert (recall.labels, recall.value) == ({"catalog": "large"}, 0.97)
        assert samples(seen=False)["skulens_index_recall"] == []
