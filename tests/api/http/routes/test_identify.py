import time

from tests.api.http.serving import Service, png

SHOP = "/v1/catalogs/shop"


def test_a_picture_in_a_form_or_alone_is_identified(service: Service) -> None:
    files = {"image": ("photo.png", png(1), "image/png")}
    in_form = service.client.post(f"{SHOP}/identify", files=files)
    alone = service.client.post(
        f"{SHOP}/identify", content=png(1), headers={"Content-Type": "image/png"}
    )
    for answer in (in_form, alone):
        assert answer.status_code == 200
        best = answer.json()["detections"][0]
        assert (best["product_id"], best["verdict"]) == ("tea", "identical")
    assert in_form.json()["image"] == "photo.png"


def test_a_version_that_was_never_written_is_not_waited_for(service: Service) -> None:
    began = time.monotonic()
    answer = service.client.post(
        f"{SHOP}/identify",
        params={"min_version": 999},
        content=png(1),
        headers={"Content-Type": "image/png"},
    )
    assert answer.status_code == 409
    assert "there is no 999 yet" in answer.json()["detail"]
    assert time.monotonic() - began < 4  # less than a version that is on its way is waited for


def test_why_not_that_product(service: Service) -> None:
    files = {"image": ("photo.png", png(1), "image/png")}
    answer = service.client.post(
        f"{SHOP}/explain", params={"product_id": "milk"}, files=files
    ).json()
    assert answer["lost_at"] == "decision"
    assert answer["reference_image"] is not None
    missing = service.client.post(f"{SHOP}/explain", params={"product_id": "no"}, files=files)
    assert missing.status_code == 404


def test_words_and_attributes_are_searched_page_by_page(service: Service) -> None:
    query = {"where": ["brand=Leaf"], "facets": ["brand"]}
    found = service.client.post(f"{SHOP}/search", json=query).json()
    assert [hit["product"]["product_id"] for hit in found["hits"]] == ["tea"]
    assert found["facets"][0]["values"] == {"Leaf": 1}
    first = service.client.post(f"{SHOP}/search", json={"limit": 1}).json()
    more = {"limit": 1, "cursor": first["next_cursor"]}
    second = service.client.post(f"{SHOP}/search", json=more).json()
    both = {page["hits"][0]["product"]["product_id"] for page in (first, second)}
    assert both == {"tea", "milk"}
    assert second["next_cursor"] is None


def test_a_picture_is_searched_with_a_query_beside_it(service: Service) -> None:
    files = {"image": ("photo.png", png(2), "image/png")}
    found = service.client.post(
        f"{SHOP}/search", files=files, data={"query": '{"limit": 1}'}
    ).json()
    assert found["hits"][0]["product"]["product_id"] == "milk"
    assert found["hits"][0]["similarity"] > 0.99
