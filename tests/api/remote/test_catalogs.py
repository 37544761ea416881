"""A server's catalogs, asked by a client whose service is a stand-in."""

from collections.abc import Mapping
from typing import Any

import httpx2
import pytest

from api.errors import Refused
from api.remote.catalogs import RemoteCatalog, RemoteCatalogs, RemoteProducts, wait_for_job
from api.schemas.results import product_json
from catalog.errors import NotFound
from client.client import Client
from client.records import JobJson
from tests.api.remote.test_decoding import TEA

TEA_PATH = "/v1/catalogs/shop/products/tea"


def job(state: str, error: str | None = None) -> JobJson:
    return {
        "job_id": "j", "kind": "reconcile", "catalog": "shop", "name": "", "state": state,
        "stage": "", "done": 0, "total": None, "created_at": 0.0, "updated_at": 0.0,
        "error": error, "result": {},
    }  # fmt: skip


def client_of(answers: Mapping[str, Any], paths: list[str] | None = None) -> Client:
    """A client whose service knows these paths; the paths of requests are noted."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        if paths is not None:
            paths.append(path)
        if path in answers:
            return httpx2.Response(200, json=answers[path])
        problem = {"type": "urn:skulens:problem:not-found", "detail": "there is none"}
        headers = {"Content-Type": "application/problem+json"}
        return httpx2.Response(404, json=problem, headers=headers)

    return Client("http://shop.example.com", transport=httpx2.MockTransport(answer))


def test_a_product_is_fetched_once_and_one_that_is_none_too() -> None:
    paths: list[str] = []
    products = RemoteProducts(client_of({TEA_PATH: product_json(TEA)}, paths), "shop")
    assert products["tea"] == products["tea"] == TEA
    for _ in range(2):
        with pytest.raises(KeyError):
            products["none"]
    assert paths == [TEA_PATH, TEA_PATH.replace("tea", "none")]


def test_all_products_are_fetched_at_once() -> None:
    paths: list[str] = []
    listed = {"products": [product_json(TEA)], "next_cursor": None}
    products = RemoteProducts(client_of({"/v1/catalogs/shop/products": listed}, paths), "shop")
    assert (list(products), len(products), products["tea"]) == (["tea"], 1, TEA)
    assert len(paths) == 1


def test_a_catalog_that_is_none_is_refused_as_here() -> None:
    with pytest.raises(NotFound):
        RemoteCatalogs(client_of({})).open("none")


def test_pictures_are_taken_away_only_if_some_are_named() -> None:
    with pytest.raises(Refused, match="at least one"):
        RemoteCatalog(client_of({}), "shop").remove_images("tea", [])


def test_a_job_is_followed_until_it_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.remote.catalogs.POLL_S", 0.0)
    states: list[str] = []
    client = client_of({"/v1/jobs/j": job("done")})
    done = wait_for_job(client, job("running"), lambda seen: states.append(seen["state"]))
    assert (done["state"], states) == ("done", ["running", "done"])


@pytest.mark.parametrize(
    ("over", "sentence"),
    [
        (job("failed", "the disk is full."), "the disk is full"),
        (job("failed"), "the job failed"),
        (job("cancelled"), "job j was cancelled"),
    ],
)
def test_a_job_that_did_not_succeed_is_refused(over: JobJson, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        wait_for_job(client_of({}), over)
