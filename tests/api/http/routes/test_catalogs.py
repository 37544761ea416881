from tests.api.http.serving import Service

SHOP = "/v1/catalogs/shop"


def test_a_catalog_is_listed_with_its_numbers(service: Service) -> None:
    shown = service.client.get("/v1/catalogs").json()["catalogs"]
    assert [(catalog["catalog"], catalog["products"]) for catalog in shown] == [("shop", 2)]


def test_a_catalog_that_is_there_cannot_be_made_again(service: Service) -> None:
    answer = service.client.post("/v1/catalogs", json={"catalog": "shop"})
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:skulens:problem:already-exists"


def test_a_catalog_is_made_shown_and_deleted(service: Service) -> None:
    made = service.client.post("/v1/catalogs", json={"catalog": "short"})
    assert (made.status_code, made.headers["location"]) == (201, "/v1/catalogs/short")
    assert service.client.get("/v1/catalogs/short").json()["products"] == 0
    assert service.client.delete("/v1/catalogs/short").status_code == 204
    assert service.client.get("/v1/catalogs/short").status_code == 404
