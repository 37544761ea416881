import math

import pytest

from client.client import Client
from client.errors import Declined
from tests.api.http.serving import Service, png

ROUTE = "/v1/crops/propose"
PICTURE = {"image": ("hall.png", png(1, 160, 120), "image/png")}


def test_a_picture_in_a_form_or_alone_is_answered(service: Service) -> None:
    in_form = service.client.post(ROUTE, files=PICTURE).json()
    alone = service.client.post(
        ROUTE, content=png(1, 160, 120), headers={"Content-Type": "image/png"}
    ).json()
    for answer in (in_form, alone):
        assert [proposal["kind"] for proposal in answer["proposals"]] == [
            "painting",
            "object",
            "whole",
        ]
        assert (answer["width"], answer["height"]) == (160, 120)
        assert answer["elapsed_ms"] > 0
        assert "is meant" in answer["sentence"]
    assert in_form["image"] == "hall.png"


def test_a_tap_and_a_limit_are_heeded(service: Service) -> None:
    query = {"point": "120,60", "limit": "1"}
    (only,) = service.client.post(ROUTE, params=query, files=PICTURE).json()["proposals"]
    assert (only["kind"], only["corners"]) == ("object", None)


@pytest.mark.parametrize("point", ["500,60", "left,top", "1,2,3", "-1,3"])
def test_a_wrong_tap_names_its_field(service: Service, point: str) -> None:
    answer = service.client.post(ROUTE, params={"point": point}, files=PICTURE)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("query.point: ")


@pytest.mark.parametrize("limit", [0, 21])
def test_a_limit_out_of_range_names_its_field(service: Service, limit: int) -> None:
    answer = service.client.post(ROUTE, params={"limit": limit}, files=PICTURE)
    assert answer.status_code == 422
    assert "limit" in answer.json()["detail"]


def test_no_picture_and_two_are_refused(service: Service) -> None:
    assert service.client.post(ROUTE, data={"x": "y"}).status_code in {415, 422}
    two = [("image", PICTURE["image"]), ("image", PICTURE["image"])]
    assert "send one picture" in service.client.post(ROUTE, files=two).json()["detail"]


def test_the_client_leaves_odd_taps_to_the_service(service: Service) -> None:
    picture = ("hall.png", png(1, 160, 120))
    with Client(service.url) as client:
        found = client.propose(picture, point=(20.123456789, 30), limit=1)
        assert found["proposals"][0]["kind"] == "painting"
        for point in ((1,), (math.nan, 2), (1, 2, 3)):
            with pytest.raises(Declined, match=r"query\.point: .* is no point"):
                client.propose(picture, point=point)  # type: ignore[arg-type]
