"""Remembered cameras over HTTP."""

import pytest

from tests.api.http.serving import Service


def test_a_camera_is_remembered_shown_without_its_password_and_forgotten(service: Service) -> None:
    order = {
        "camera_id": "till",
        "address": "rtsp://me:secret@127.0.0.1:9/stream?token=secret",
        "catalog": "shop",
        "hours": {"windows": [{"days": ["mon"], "begins": "08:00", "ends": "18:00"}]},
    }
    made = service.client.post("/v1/cameras", json=order)
    assert made.status_code == 201, made.text
    assert service.client.post("/v1/cameras", json=order).status_code == 409
    listed = service.client.get("/v1/cameras")
    assert "secret" not in listed.text
    assert listed.json()["cameras"][0]["address"] == "rtsp://127.0.0.1:9/stream"
    assert service.client.delete("/v1/cameras/till").status_code == 204
    assert service.client.delete("/v1/cameras/till").status_code == 404


@pytest.mark.parametrize(
    "change",
    [{"address": "file:///etc/passwd"}, {"catalog": "none"}, {"smallest": 2}, {"odd": 1}],
)
def test_a_camera_that_cannot_be_is_refused(service: Service, change: dict[str, object]) -> None:
    order = {"camera_id": "c", "address": "rtsp://127.0.0.1:9/s", "catalog": "shop", **change}
    assert service.client.post("/v1/cameras", json=order).status_code in (404, 422)


def test_a_camera_is_replaced_only_by_an_order_that_says_so(service: Service) -> None:
    order = {"camera_id": "door", "address": "rtsp://127.0.0.1:9/s", "catalog": "shop"}
    first = service.client.post("/v1/cameras", json=order)
    assert (first.status_code, first.headers["location"]) == (201, "/v1/cameras/door")
    refused = service.client.post("/v1/cameras", json=order)
    assert refused.json()["type"] == "urn:skulens:problem:already-exists"
    again = service.client.post("/v1/cameras", json={**order, "name": "Door", "replace": True})
    assert (again.status_code, again.json()["name"]) == (201, "Door")
    assert service.client.delete("/v1/cameras/door").status_code == 204
