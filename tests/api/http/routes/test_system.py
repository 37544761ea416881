"""Probes, and the service about itself."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from api.http.engine import Engine
from api.http.routes.system import readiness
from catalog.follower import FollowerHealth
from tests.api.http.serving import Service

STALE = FollowerHealth(3, degraded=True, reason="no answer", age_s=9.0)
FRESH = FollowerHealth(3, degraded=False, reason="", age_s=0.1)


def live(looks_s: float = 0.0) -> object:
    """A stand-in for live sessions that are looked at every so many seconds."""
    sessions = SimpleNamespace(look_interval_s=looks_s, is_overloaded=looks_s > 5)
    return SimpleNamespace(services=SimpleNamespace(sessions=sessions))


def engine(fault: str, live: object, **followers: FollowerHealth) -> Engine:
    """A stand-in for an engine in some state."""
    status = SimpleNamespace(fault=fault, live=live)
    catalogs = SimpleNamespace(health=lambda: followers)
    return cast(Engine, SimpleNamespace(status=status, catalogs=catalogs))


@pytest.mark.parametrize(
    ("stand_in", "word", "stale"),
    [
        (engine("no weights", None), "broken", {}),
        (engine("", None), "starting", {}),
        (engine("", live(), shop=FRESH), "ready", {}),
        (engine("", live(), shop=FRESH, old=STALE), "degraded", {"old": "no answer"}),
    ],
)
def test_one_word_says_how_ready_the_service_is(
    stand_in: Engine, word: str, stale: dict[str, str]
) -> None:
    shown: dict[str, Any] = readiness(stand_in)
    assert (shown["status"], shown["catalogs"]) == (word, stale)


def test_world_too_many_cameras_are_named_with_how_often_each_is_looked_at() -> None:
    shown = readiness(engine("", live(12.4)))
    sentence = "too many cameras for this machine: looks come every 12 s"
    assert shown == {"status": "degraded", "reason": sentence, "catalogs": {}}


def test_the_service_shows_its_catalogs_to_readers_and_their_number_to_anybody(
    service: Service,
) -> None:
    assert service.client.get("/healthz").json() == {"status": "alive"}
    assert service.client.get("/readyz").json() == {"status": "ready", "reason": "", "catalogs": 0}
    shown = service.client.get("/v1/system").json()
    assert shown["readiness"]["status"] == "ready"
    assert not shown["catalogs"]["shop"]["degraded"]
