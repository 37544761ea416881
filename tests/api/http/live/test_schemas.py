"""The JSON of a live session."""

from dataclasses import fields

from api.http.live.schemas import counters_json
from client.records import CountersJson
from matcher.live.messages import Counters


def test_the_counters_of_a_session_are_those_that_the_client_knows() -> None:
    assert [field.name for field in fields(Counters)] == list(CountersJson.__annotations__)


def test_rates_and_ages_are_rounded() -> None:
    whole = dict.fromkeys((field.name for field in fields(Counters)), 3)
    ages = {"age_p50_ms": 31.26, "age_p99_ms": 50.04}
    counters = Counters(**{**whole, "processed_fps": 24.987, **ages})  # type: ignore[arg-type]
    shown = counters_json(counters)
    assert (shown["frames_in"], shown["corrupt"]) == (3, 3)
    assert (shown["processed_fps"], shown["age_p50_ms"], shown["age_p99_ms"]) == (24.99, 31.3, 50.0)
