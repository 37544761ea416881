import base64
import io

from PIL import Image

from client.client import Client
from tests.api.http.serving import Service, png

PATH = "/v1/crops/thumbnail"


def test_a_picture_is_framed_at_every_aspect(service: Service) -> None:
    files = {"image": ("photo.png", png(1, 160, 120), "image/png")}
    answer = service.client.post(PATH, params={"aspect": ["1:1", "16:9"]}, files=files).json()
    assert (answer["image"], answer["width"], answer["height"]) == ("photo.png", 160, 120)
    square, wide = answer["thumbnails"]
    left, top, right, bottom = square["box"]
    assert right - left == bottom - top
    assert wide["aspect"] == "16:9"
    assert square["reasons"]
    assert square["cuts_a_face"] is False
    assert (square["picture"], answer["saliency"]) == (None, None)
    assert answer["elapsed_ms"] >= 0


def test_pictures_and_the_map_are_added_on_request(service: Service) -> None:
    query: dict[str, str | int] = {"aspect": "2:1", "width": 50, "pictures": True, "saliency": True}
    answer = service.client.post(
        PATH, params=query, content=png(1, 160, 120), headers={"Content-Type": "image/png"}
    ).json()
    assert decoded(answer["thumbnails"][0]["picture"]).size == (50, 25)
    map_ = decoded(answer["saliency"]).size
    assert map_[0] * 120 == map_[1] * 160


def test_what_cannot_be_framed_is_refused_by_name(service: Service) -> None:
    files = {"image": ("photo.png", png(1), "image/png")}
    for aspect in ("0:1", "1:100", "wide"):
        refused = service.client.post(PATH, params={"aspect": aspect}, files=files)
        assert refused.status_code == 422
        assert refused.json()["detail"].startswith("query.aspect: ")
    many = service.client.post(PATH, params={"aspect": ["1:1"] * 11}, files=files)
    assert many.status_code == 422
    width = service.client.post(PATH, params={"width": 0}, files=files)
    assert "width" in width.json()["detail"]
    broken = service.client.post(PATH, files={"image": ("a.png", b"junk", "image/png")})
    assert broken.status_code == 422
    assert "a.png" in broken.json()["detail"]


def test_the_client_takes_one_aspect_alone(service: Service) -> None:
    with Client(service.url) as client:
        (framed,) = client.thumbnails(("photo.png", png(1, 160, 120)), "16:9")["thumbnails"]
    assert framed["aspect"] == "16:9"


def decoded(address: str) -> Image.Image:
    kind, _, data = address.partition(",")
    assert kind == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))
