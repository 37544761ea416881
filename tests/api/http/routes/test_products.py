"""Products over HTTP: add, show, change, remove, bring back."""

import pytest

from api.http.requests.uploads import Upload
from api.http.routes.products import form_attributes
from tests.api.http.serving import Service, png

SHOP = "/v1/catalogs/shop"


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


def test_what_is_no_text_or_attribute_of_a_product_cannot_be_changed(service: Service) -> None:
    path = f"{SHOP}/products/tea"
    refused = service.client.patch(path, json={"name": "T", "revision": 9})
    assert (refused.status_code, refused.json()["detail"]) == (422, "revision cannot be changed")
    odd = service.client.patch(path, json={"name": 1})
    assert (odd.status_code, odd.json()["detail"]) == (422, "name must be a text")


def test_a_tag_for_a_product_that_is_not_there_is_a_failed_precondition(service: Service) -> None:
    files = {"images": ("none.png", png(7), "image/png")}
    headers = {"If-Match": '"1"'}
    answer = service.client.put(f"{SHOP}/products/none", files=files, headers=headers)
    assert answer.status_code == 412


@pytest.mark.parametrize(
    ("fields", "attributes"),
    [
        ({}, {}),
        ({"attributes": '{"brand": "Leaf"}'}, {"brand": "Leaf"}),
        ({"attributes": {"price": 2}}, {"price": 2}),
    ],
)
def test_attributes_come_as_text_of_a_form_or_as_json(
    fields: dict[str, object], attributes: dict[str, object]
) -> None:
    assert form_attributes(Upload(fields=fields)) == attributes
