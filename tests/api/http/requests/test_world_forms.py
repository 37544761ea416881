"""Fields of forms that a route does not know are refused by their names."""

import pytest

from tests.api.http.serving import Service, png

CATALOG = "/v1/catalogs/shop"


@pytest.mark.parametrize(
    ("method", "path", "file", "unknown", "nearest"),
    [
        ("POST", f"{CATALOG}/products", "images", "Name", "name"),
        ("POST", f"{CATALOG}/products", "images", "atributes", "attributes"),
        ("PUT", f"{CATALOG}/products/tea", "images", "product_id ", "description"),
        ("POST", f"{CATALOG}/products/tea/images", "images", "kep", "keep"),
        ("POST", f"{CATALOG}/identify", "image", "limit", "image"),
        ("POST", f"{CATALOG}/search", "image", "text", "query"),
        ("POST", f"{CATALOG}/feedback", "image", "verdict", "feedback"),
        ("POST", "/v1/crops/propose", "image", "point", "image"),
        ("POST", "/v1/crops/thumbnail", "image", "\x1b[31m", "image"),
        ("POST", "/v1/crops/locate", "image", "amongst", "among"),
    ],
)
def test_world_a_field_that_a_form_does_not_have_is_refused_by_name(
    service: Service, method: str, path: str, file: str, unknown: str, nearest: str
) -> None:
    files = {file: ("a.png", png(1), "image/png")}
    answer = service.client.request(method, path, files=files, data={unknown: "x"})
    assert answer.status_code == 422
    shown = unknown if unknown.isprintable() else ascii(unknown)
    assert answer.json()["detail"].startswith(f"form.{shown}: there is no such field here; ")
    assert f"`{nearest}`" in answer.json()["detail"]


def test_world_a_file_under_a_name_that_a_form_does_not_have_is_refused(service: Service) -> None:
    files = {"picture": ("a.png", png(1), "image/png")}
    answer = service.client.post(f"{CATALOG}/identify", files=files)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("form.picture: there is no such field here")


@pytest.mark.parametrize(("path", "part"), [("videos", "video"), ("import", "archive")])
def test_world_a_field_beside_a_sent_file_is_refused_by_name(
    service: Service, path: str, part: str
) -> None:
    files = {part: ("a.bin", b"x", "application/octet-stream")}
    answer = service.client.post(f"{CATALOG}/{path}", files=files, data={"catalogue": "x"})
    assert answer.status_code == 422
    assert "there is no field 'catalogue' here" in answer.json()["detail"]
