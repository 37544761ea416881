"""Reference pictures over HTTP: the file itself, and small ones."""

import io

import pytest
from PIL import Image

from api.http.routes.images import TYPES, make_thumbnail
from catalog.ingest.image_file import EXTENSIONS
from matcher.imaging.box import Box
from tests.api.http.serving import Service, png
from tests.catalog.support.fakes import pixels

SHOP = "/v1/catalogs/shop"


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


def test_a_form_without_a_picture_adds_none(service: Service) -> None:
    answer = service.client.post(f"{SHOP}/products/tea/images", json={})
    assert (answer.status_code, answer.json()["detail"]) == (422, "send at least one picture")


@pytest.mark.parametrize(("side", "size"), [(32, (32, 24)), (640, (64, 48))])
def test_a_thumbnail_is_a_jpeg_that_is_never_enlarged(side: int, size: tuple[int, int]) -> None:
    small = Image.open(io.BytesIO(make_thumbnail(pixels(1, 64, 48), side)))
    assert (small.format, small.size) == ("JPEG", size)


def test_a_thumbnail_of_a_part_shows_that_part() -> None:
    part = Box(0.25, 0, 1, 1)
    small = Image.open(io.BytesIO(make_thumbnail(pixels(1, 64, 48), 96, part)))
    assert small.size == (48, 48)


def test_a_picture_is_cut_to_the_wanted_shape(service: Service) -> None:
    image = service.client.get(f"{SHOP}/products/tea").json()["images"][0]["image_id"]
    path = f"{SHOP}/products/tea/images/{image}"
    whole = service.client.get(path, params={"size": 96})
    wide = service.client.get(path, params={"size": 96, "aspect": "16:9"})
    width, height = Image.open(io.BytesIO(wide.content)).size
    assert width / height == pytest.approx(16 / 9, abs=0.05)
    assert wide.headers["etag"] != whole.headers["etag"]
    assert service.client.get(path, params={"size": 96, "aspect": "words"}).status_code == 422
    sizeless = service.client.get(path, params={"aspect": "1:1"})
    assert sizeless.status_code == 422
    assert "query.aspect" in sizeless.json()["detail"]


def test_every_extension_that_the_catalog_stores_has_a_type() -> None:
    assert set(EXTENSIONS.values()) <= set(TYPES)


def test_what_is_kept_of_a_picture_is_shown_and_chosen(service: Service) -> None:
    product = f"{SHOP}/products/tea"
    listed = service.client.get(f"{product}/images").json()
    image = listed["images"][0]
    path = f"{product}/images/{image['image_id']}/outline"
    assert [kept["kind"] for kept in listed["kept"]] == ["whole"]
    assert service.client.get(path).json() == listed["kept"][0]
    corners = [[1, 1], [30, 1], [30, 25], [1, 25]]
    answer = service.client.put(path, json={"keep": corners}, headers={"If-Match": '"1"'})
    assert answer.status_code == 200
    kept = answer.json()["kept"][0]
    assert (kept["kind"], kept["by"], kept["outline"]) == ("photo", "person", corners)
    assert service.client.get(path).json() == kept
    assert service.client.put(path, json={"keep": "whole"}).json()["kept"][0]["kind"] == "whole"
    again = service.client.put(path, json={"keep": "automatic"}).json()
    assert again["kept"] == listed["kept"]


def test_a_choice_that_cannot_be_made_is_one_sentence(service: Service) -> None:
    image = service.client.get(f"{SHOP}/products/tea").json()["images"][0]["image_id"]
    path = f"{SHOP}/products/tea/images/{image}/outline"
    beyond = [[1, 1], [9000, 1], [30, 25], [1, 25]]
    for keep, words in ((beyond, "lies outside"), ("all", "must be whole"), (None, "must be")):
        answer = service.client.put(path, json={"keep": keep})
        assert (answer.status_code, words in answer.json()["detail"]) == (422, True)
    whole = {"keep": "whole"}
    assert service.client.put(path, json=whole, headers={"If-Match": '"9"'}).status_code == 412
    unknown = f"{SHOP}/products/tea/images/abc/outline"
    assert service.client.put(unknown, json=whole).status_code == 404
    assert service.client.get(unknown).status_code == 404


def test_pictures_are_added_with_what_to_keep(service: Service) -> None:
    path = f"{SHOP}/products/tea/images"
    ways = ("whole", "1,1 30,1 30,25 1,25", "[[1,1],[30,1],[30,25],[1,25]]")
    for number, keep in enumerate(ways):
        files = {"images": ("new.png", png(40 + number), "image/png")}
        answer = service.client.post(path, files=files, data={"keep": keep})
        assert answer.status_code == 201
        assert [kept["by"] for kept in answer.json()["kept"]] == ["person"]
    refused = service.client.post(path, files={"images": ("x.png", png(50))}, data={"keep": "x"})
    assert refused.status_code == 422
