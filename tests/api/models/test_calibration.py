"""From a rate to a threshold in the journal."""

import pytest

from api.models.calibration import CalibrationRequest, calibrate, calibration_outcome_json
from catalog.errors import Invalid
from tests.api.cli.catalog.test_calibrate import opened
from tests.api.shop import JUDGE, ColourJudge, Shop


def test_a_catalog_alone_is_calibrated_with_its_own_products(shop: Shop) -> None:
    (line,) = shop.run_ok("catalog", "calibrate", "shop", "--json").lines
    assert line["samples"] == {"view": 8}
    assert (line["false_accept_rate"], line["before"]["threshold"]) == (0.01, 0.8)
    assert line["threshold"] >= 0.8
    assert any("can promise a rate" in note for note in line["notes"])
    assert line["after"]["known_named"] is None
    snapshot = opened(shop).snapshot()
    assert snapshot.index_version == line["index_version"] == 4
    assert snapshot.calibrations[JUDGE].threshold == pytest.approx(line["threshold"], abs=1e-4)


def test_a_reset_decides_as_shipped(shop: Shop) -> None:
    shop.run_ok("catalog", "calibrate", "shop")
    (line,) = shop.run_ok("catalog", "calibrate", "shop", "--reset", "--json").lines
    assert line == {"catalog": "shop", "index_version": 5, "reset": True}
    assert dict(opened(shop).snapshot().calibrations) == {}
    assert "as shipped" in shop.run_ok("catalog", "calibrate", "shop", "--reset").out


def test_one_product_alone_is_too_little(shop: Shop) -> None:
    shop.run_ok("product", "remove", "shop", "milk")
    result = shop.run("catalog", "calibrate", "shop")
    assert result.code == 1
    assert "it needs two products" in result.sentence


def test_a_dry_run_chooses_and_writes_nothing(shop: Shop) -> None:
    store, request = opened(shop), CalibrationRequest(dry_run=True)
    before = store.snapshot().index_version
    outcome = calibrate(store, ColourJudge(), request, lambda *_: None)
    assert outcome.index_version == before == store.state().sequence
    payload = calibration_outcome_json("shop", request, outcome)
    assert (payload["dry_run"], payload["before"]["threshold"]) == (True, 0.8)
    assert payload["after"]["known_named"] is None  # no sample shows a product of the catalog


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_a_rate_outside_its_range_is_refused_before_any_sample(shop: Shop, rate: float) -> None:
    def fail(*_: object) -> None:
        raise AssertionError

    with pytest.raises(Invalid):
        calibrate(opened(shop), ColourJudge(), CalibrationRequest(rate), fail)
