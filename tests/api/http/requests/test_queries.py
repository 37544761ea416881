from typing import Any

import pytest

from tests.api.http.serving import Service, png

PICTURE: dict[str, Any] = {"image": ("hall.png", png(1, 160, 120), "image/png")}


@pytest.mark.parametrize(
    ("path", "name", "near"),
    [
        ("/v1/crops/thumbnail?aspec=1:1", "aspec", "aspect"),
        ("/v1/crops/thumbnail?Aspect=1:1", "Aspect", "aspect"),
        ("/v1/crops/propose?points=1,2", "points", "point"),
        ("/v1/crops/locate?mirror=true", "mirror", "mirrored"),
        ("/v1/catalogs/shop/identify?whole-image=true", "whole-image", "whole_image"),
    ],
)
def test_a_misspelt_parameter_is_refused_with_the_nearest_that_is_known(
    service: Service, path: str, name: str, near: str
) -> None:
    refused = service.client.post(path, files=PICTURE)
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    expected = f"query.{name}: there is no such parameter here; the nearest is `{near}`"
    assert refused.json()["detail"] == expected


def test_where_nothing_is_known_the_sentence_says_so(service: Service) -> None:
    refused = service.client.get("/v1/models", params={"colour": "red"})
    assert refused.status_code == 422
    assert refused.json()["detail"].endswith("this address takes none")


def test_a_long_or_unprintable_name_stays_one_line(service: Service) -> None:
    refused = service.client.get("/v1/catalogs", params={"a\nb" + "c" * 999: "1"})
    assert refused.status_code == 422
    detail = refused.json()["detail"]
    assert "\n" not in detail
    assert len(detail) < 200


def test_a_form_has_its_fields_beside_a_bare_picture_alone(service: Service) -> None:
    path, query = "/v1/catalogs/shop/products", {"product_id": "bare", "name": "Bare"}
    bare = {"Content-Type": "image/png"}
    added = service.client.post(path, params=query, content=png(5), headers=bare)
    assert added.status_code == 201, added.text
    wrong = service.client.post(path, params={"nome": "x"}, content=png(6), headers=bare)
    assert (wrong.status_code, "`name`" in wrong.json()["detail"]) == (422, True)
    form = service.client.post(path, params=query, files={"images": ("b.png", png(6))})
    assert (form.status_code, "query.product_id" in form.json()["detail"]) == (422, True)


def test_a_version_to_wait_for_is_no_mistake_anywhere(service: Service) -> None:
    assert service.client.get("/v1/catalogs", params={"min_version": 0}).status_code == 200


def test_cameras_players_and_probes_may_add_what_they_like(service: Service) -> None:
    assert service.client.get("/v1/sessions", params={"at": "1"}).status_code == 200
    assert service.client.get("/healthz", params={"at": "1"}).status_code == 200
    missing = service.client.get("/v1/sessions/none/snapshot.jpg", params={"at": "1"})
    assert missing.status_code == 404
