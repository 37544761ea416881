import pytest

from tests.api.http.serving import Service, png

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


def test_a_product_is_added_shown_removed_and_brought_back(service: Service) -> None:
    added = service.add("rice", 3)
    assert added.status_code == 201
    version = added.json()["index_version"]
    path = added.headers["location"]
    seen = service.client.get(path, params={"min_version": version})
    assert (seen.json()["name"], seen.headers["etag"]) == ("rice", '"1"')
    assert service.client.delete(path).status_code == 200
    assert service.client.get(path).status_code == 404
    removed = service.client.get(f"{SHOP}/products", params={"removed": True}).json()["products"]
    assert [product["product_id"] for product in removed] == ["rice"]
    assert service.client.post(f"{path}/restore").status_code == 200
    assert service.client.get(path).json()["revision"] == 3
    assert service.client.delete(path).status_code == 200


def test_what_is_written_is_read_at_once(service: Service) -> None:
    service.client.patch(f"{SHOP}/products/milk", json={"description": "from oats"})
    assert service.client.get(f"{SHOP}/products/milk").json()["description"] == "from oats"


def test_a_change_with_an_old_tag_is_refused(service: Service) -> None:
    path = f"{SHOP}/products/tea"
    tag = service.client.get(path).headers["etag"]
    first = service.client.patch(
        path, json={"attributes": {"tin": "yes"}}, headers={"If-Match": tag}
    )
    assert first.status_code == 200
    assert first.headers["etag"] != tag
    late = service.client.patch(path, json={"name": "Other"}, headers={"If-Match": tag})
    assert late.status_code == 412
    again = {"attributes": {"tin": None}}
    assert service.client.patch(path, json=again).json()["product"]["attributes"] == {
        "brand": "Leaf",
        "price": 2,
    }


def test_a_product_that_did_not_change_is_not_sent_again(service: Service) -> None:
    path = f"{SHOP}/products/milk"
    tag = service.client.get(path).headers["etag"]
    answer = service.client.get(path, headers={"If-None-Match": tag})
    assert (answer.status_code, answer.content) == (304, b"")


def test_put_makes_a_product_and_then_replaces_it(service: Service) -> None:
    path, files = f"{SHOP}/products/salt", {"images": ("salt.png", png(7), "image/png")}
    try:
        new = service.client.put(path, data={"name": "Salt"}, files=files)
        assert new.status_code == 201
        only_new = service.client.put(path, data={"name": "S"}, headers={"If-None-Match": "*"})
        assert only_new.status_code in (412, 415)
        other = {"images": ("other.png", png(8), "image/png")}
        after = service.client.put(path, data={"name": "Sea salt"}, files=other)
        assert after.status_code == 200
        images = after.json()["product"]["images"]
        assert [image["source_name"] for image in images] == ["other.png"]
    finally:
        service.client.delete(path)


def test_pages_follow_each_other_by_cursors(service: Service) -> None:
    first = service.client.get(f"{SHOP}/products", params={"limit": 1}).json()
    assert [product["product_id"] for product in first["products"]] == ["milk"]
    params = {"limit": 1, "cursor": first["next_cursor"]}
    second = service.client.get(f"{SHOP}/products", params=params).json()
    assert [product["product_id"] for product in second["products"]] == ["tea"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize("cursor", ["?", "AAAA", "e30", "1" * 400])
def test_a_cursor_that_is_none_is_refused(service: Service, cursor: str) -> None:
    answer = service.client.get(f"{SHOP}/products", params={"cursor": cursor})
    assert answer.status_code in (200, 422)


def test_a_picture_is_given_back_whole_and_small(service: Service) -> None:
    image = service.client.get(f"{SHOP}/products/tea").json()["images"][0]["image_id"]
    path = f"{SHOP}/products/tea/images/{image}"
    whole = service.client.get(path)
    assert (whole.content, whole.headers["content-type"]) == (png(1), "image/png")
    assert "immutable" in whole.headers["cache-control"]
    assert "sandbox" in whole.headers["content-security-policy"]
    small = service.client.get(path, params={"size": 96})
    assert small.headers["content-type"] == "image/jpeg"
    assert service.client.get(path, params={"size": 97}).status_code == 422
    again = service.client.get(path, headers={"If-None-Match": whole.headers["etag"]})
    assert again.status_code == 304
    assert service.client.get(f"{SHOP}/products/milk/images/{image}").status_code == 404


def test_the_last_picture_stays(service: Service) -> None:
    image = service.client.get(f"{SHOP}/products/tea").json()["images"][0]["image_id"]
    assert service.client.delete(f"{SHOP}/products/tea/images/{image}").status_code == 422


def test_the_same_post_with_a_key_works_once(service: Service) -> None:
    files = {"images": ("pea.png", png(9), "image/png")}
    data, headers = {"product_id": "peas"}, {"Idempotency-Key": f"peas {service.url}"}
    send = service.client.post
    first = send(f"{SHOP}/products", data=data, files=files, headers=headers)
    again = send(f"{SHOP}/products", data=data, files=files, headers=headers)
    assert first.status_code == again.status_code == 201
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == first.json()
    other = send(f"{SHOP}/products", data={"product_id": "other"}, files=files, headers=headers)
    assert other.status_code == 422
    service.client.delete(f"{SHOP}/products/peas")


@pytest.mark.parametrize(
    ("path", "body", "kind", "status"),
    [
        ("/products", b"not a form", "text/plain", 415),
        ("/products", b"{", "application/json", 422),
        ("/products", b'{"product_id": "x"}', "application/json", 422),
        ("/products", b"--x", "multipart/form-data", 400),
        ("/identify", b"", "image/png", 422),
        ("/identify", b"GIF89a broken", "image/gif", 422),
        ("/identify", b"{}", "application/json", 422),
        ("/search", b"[]", "application/json", 422),
        ("/search", b'{"limit": 0}', "application/json", 422),
        ("/search", b'{"where": ["?"]}', "application/json", 422),
        ("/search", b'{"text": 1}', "application/json", 422),
        ("/search", b'{"limit": NaN}', "application/json", 422),
        ("/feedback", b'{"verdict": "right", "product_id": "none"}', "application/json", 404),
        ("/feedback", b'{"verdict": "other", "product_id": "tea"}', "application/json", 422),
        ("/videos", b"#EXTM3U\nfile:///etc/passwd", "video/mp4", 422),
        ("/videos", b"", "video/mp4", 422),
        ("/videos", b"x", "text/html", 415),
        ("/whip", b"v=0", "application/sdp", 400),
        ("/whip", b"v=0", "text/plain", 415),
    ],
)  # fmt: skip
def test_a_bad_body_gets_a_sentence(
    service: Service, path: str, body: bytes, kind: str, status: int
) -> None:
    answer = service.client.post(f"{SHOP}{path}", content=body, headers={"Content-Type": kind})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.json()["detail"]) > 5
