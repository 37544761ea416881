"""Numbers are rounded for people, and names are shown instead of ids."""

import numpy as np
import pytest

from api.schemas.results import (
    catalog_json,
    detection_json,
    identification_json,
    json_line,
    product_json,
    product_name,
)
from matcher.imaging.box import Box
from matcher.results import (
    Candidate,
    Detection,
    Identification,
    Match,
    StageTimes,
    Verdict,
    Verification,
)
from tests.api.remote.test_decoding import TEA
from tests.catalog.support.fakes import MemoryStorage, new_store, picture

SEEN = Detection(Box(1.26, 2.24, 9.99, 8.04), 0.123456)
PROOF = Verification(
    "tea", "ab", 57, np.zeros((0, 4), np.float32),
    np.array([[1.26, 2.24]], np.float32), 0.123456, 0.98765,
)  # fmt: skip


def test_pixels_have_one_digit_and_shares_four() -> None:
    candidates = (Candidate("tea", 0.111111, 0.99996),)
    shown = detection_json(Match(SEEN, Verdict.IDENTICAL, "tea", 0.98764999, PROOF, candidates))
    assert shown["box"] == [1.3, 2.2, 10.0, 8.0]
    assert shown["outline"] == [[1.3, 2.2]]
    assert (shown["confidence"], shown["probability"]) == (0.1235, 0.9876)
    assert (shown["coverage"], shown["agreement"], shown["inliers"]) == (0.1235, 0.9877, 57)
    assert shown["candidates"][0] == {"product_id": "tea", "similarity": 0.1111, "probability": 1.0}


def test_without_a_verification_its_numbers_are_zero() -> None:
    shown = detection_json(Match(SEEN, Verdict.UNKNOWN, None, 0.0, None, ()))
    assert (shown["inliers"], shown["coverage"], shown["agreement"]) == (0, 0.0, 0.0)
    assert (shown["outline"], shown["reference_image"]) == ([], None)


def test_milliseconds_have_one_digit() -> None:
    shown = identification_json("x", Identification((), 7, StageTimes(1.26, 2, 0, 3, 4, 10.04)))
    assert (shown["elapsed_ms"]["detect"], shown["elapsed_ms"]["total"]) == (1.3, 10.0)


def test_a_line_of_json_is_ascii_and_holds_no_odd_number() -> None:
    assert json_line({"name": "Müller\n"}) == '{"name": "M\\u00fcller\\n"}'
    with pytest.raises(ValueError, match="JSON"):
        json_line({"share": float("nan")})


def test_attributes_of_several_values_are_lists_and_pictures_are_counted() -> None:
    shown = product_json(TEA)["attributes"]
    assert shown == {"price": 2.0, "tag": ["leaf", "green"], "brand": "Tarn"}
    assert catalog_json("shop", 7, [TEA, TEA])["images"] == 2


def test_a_product_is_called_by_its_name_then_its_id_then_unknown() -> None:
    store = new_store(MemoryStorage())
    store.add_product("tea", [picture(1)], name="Green tea")
    catalog = store.snapshot()
    names = [product_name(product_id, catalog) for product_id in ("tea", "gone", None)]
    assert names == ["Green tea", "gone", "unknown"]
