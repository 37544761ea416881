"""The engine is built, becomes ready or says why not, and ends."""

import asyncio
from pathlib import Path

import pytest
from typing_extensions import override

from api.http.engine import build_engine
from api.http.options import ServerOptions
from api.http.problems import Problem
from api.http.routes.system import readiness
from api.http.shutdown import ShutdownSignal
from api.services import PhotoFinder
from api.settings import Settings
from matcher.errors import WeightsError
from tests.api.http.serving import serving
from tests.api.shop import FakeServices


def test_nothing_is_left_of_a_service_that_ends(tmp_path: Path) -> None:
    with serving(tmp_path) as running_service:
        assert running_service.client.get("/readyz").json()["status"] == "ready"
    assert not (tmp_path / "state" / "run").exists()


def test_networks_that_cannot_be_loaded_are_a_fault_and_the_engine_stays(tmp_path: Path) -> None:
    class WithoutNetworks(FakeServices):
        @property
        @override
        def finder(self) -> PhotoFinder:
            raise WeightsError("there are no weights")

    async def start() -> None:
        services = WithoutNetworks(Settings(storage=tmp_path / "data"))
        options = ServerOptions(tmp_path / "state")
        async with build_engine(services, options, ShutdownSignal()) as engine:
            with pytest.raises(Problem) as starting:
                _ = engine.live
            assert starting.value.kind == "starting"
            (loading,) = [
                task for task in asyncio.all_tasks() if task.get_name() == "live sessions"
            ]
            await asyncio.wait({loading}, timeout=10)
            with pytest.raises(Problem, match="there are no weights") as refusal:
                _ = engine.live
            assert (refusal.value.status, refusal.value.kind) == (503, "networks")
            assert readiness(engine)["status"] == "broken"

    asyncio.run(start())
