"""Jobs that work on a whole catalog, over HTTP."""

import io
import json
import time
import zipfile
from typing import Any

import pytest

from tests.api.http.serving import Service, png, until_done
from tests.api.shop import JUDGE

CALIBRATE = "/v1/catalogs/shop/calibrate"


def done(service: Service, job_id: str) -> dict[str, Any]:
    end = time.monotonic() + 20
    while True:
        job: dict[str, Any] = service.client.get(f"/v1/jobs/{job_id}").json()
        if job["state"] in ("done", "failed"):
            return job
        assert time.monotonic() < end
        time.sleep(0.05)


def shown(service: Service) -> dict[str, Any]:
    catalog: dict[str, Any] = service.client.get("/v1/catalogs/shop").json()
    return catalog


def test_a_catalog_is_calibrated_by_a_job_and_decides_by_it_at_once(service: Service) -> None:
    order = {"verdict": "wrong", "product_id": "tea"}
    files = {"image": ("crop.png", png(1), "image/png")}
    service.client.post(
        "/v1/catalogs/shop/feedback", files=files, data={"feedback": json.dumps(order)}
    ).raise_for_status()
    answer = service.client.post(CALIBRATE, json={"false_accept_rate": 0.02})
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/jobs/{answer.json()['job_id']}"
    job = done(service, answer.json()["job_id"])
    assert (job["state"], job["kind"]) == ("done", "calibrate"), job
    result = job["result"]
    assert result["samples"]["wrong"] == 1
    assert result["false_accept_rate"] == 0.02
    assert result["threshold"] > result["before"]["threshold"] == 0.8
    catalog = service.client.get(
        "/v1/catalogs/shop", params={"min_version": result["index_version"]}
    ).json()
    (calibration,) = catalog["calibrations"]
    assert (calibration["model_id"], calibration["threshold"]) == (JUDGE, result["threshold"])
    reset = service.client.delete(CALIBRATE)
    assert (reset.status_code, reset.json()["index_version"]) == (200, result["index_version"] + 1)
    assert shown(service)["calibrations"] == []


def test_a_dry_run_changes_nothing(service: Service) -> None:
    before = shown(service)
    answer = service.client.post(CALIBRATE, json={"dry_run": True})
    job = done(service, answer.json()["job_id"])
    assert job["result"]["dry_run"] is True
    assert job["result"]["before"]["threshold"] == 0.8
    assert shown(service) == before


@pytest.mark.parametrize(
    ("order", "status"),
    [({"false_accept_rate": 0}, 422), ({"false_accept_rate": 1.5}, 422), ({"photos": "/"}, 422)],
)
def test_an_order_that_makes_no_sense_is_refused(
    service: Service, order: dict[str, object], status: int
) -> None:
    assert service.client.post(CALIBRATE, json=order).status_code == status
    assert service.client.post("/v1/catalogs/none/calibrate", json={}).status_code == 404


def test_a_catalog_with_nothing_to_learn_from_says_so(service: Service) -> None:
    service.client.post("/v1/catalogs", json={"catalog": "empty"}).raise_for_status()
    answer = service.client.post("/v1/catalogs/empty/calibrate", json={})
    job = done(service, answer.json()["job_id"])
    assert job["state"] == "failed"
    assert "two products" in job["error"]


def test_products_come_in_by_an_archive(service: Service) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("pepper/one.png", png(11))
    answer = service.client.post(
        "/v1/catalogs/shop/import",
        content=file.getvalue(),
        headers={"Content-Type": "application/zip"},
    )
    assert answer.status_code == 202
    done = until_done(service, answer.headers["location"])
    assert [row["status"] for row in done["result"]["rows"]] == ["added"]
    assert service.client.get("/v1/catalogs/shop/products/pepper").status_code == 200
    service.client.delete("/v1/catalogs/shop/products/pepper")


def test_a_catalog_is_compared_with_its_storage(service: Service) -> None:
    answer = service.client.post("/v1/catalogs/shop/reconcile", json={"dry_run": True})
    assert until_done(service, answer.headers["location"])["result"]["drift"] == 0


def test_a_job_can_be_removed_with_its_files(service: Service) -> None:
    answer = service.client.post("/v1/catalogs/shop/reconcile", json={"dry_run": True})
    job = until_done(service, answer.headers["location"])
    path = f"/v1/jobs/{job['job_id']}"
    assert service.client.delete(path).json()["state"] == "done"
    assert service.client.get(path).status_code == 200
    assert service.client.delete(path, params={"forget": True}).json()["state"] == "done"
    assert service.client.get(path).status_code == 404


def test_a_job_that_is_none_is_not_found(service: Service) -> None:
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/resume")):
        assert service.client.request(method, f"/v1/jobs/none{path}").status_code == 404


def test_jobs_are_listed_by_their_state(service: Service) -> None:
    answer = service.client.post("/v1/catalogs/shop/reconcile", json={"only_sync": True})
    job = until_done(service, answer.headers["location"])

    def listed(state: str) -> list[str]:
        jobs = service.client.get("/v1/jobs", params={"state": state}).json()["jobs"]
        return [job["job_id"] for job in jobs]

    assert job["job_id"] in listed("done")
    assert job["job_id"] not in listed("failed")
    assert service.client.get("/v1/jobs", params={"state": "odd"}).status_code == 422
