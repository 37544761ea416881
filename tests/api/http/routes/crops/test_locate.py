import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from client.client import Client
from tests.api.http.serving import Service
from tests.matcher.crops.locate.scenes import scene

LOCATE = "/v1/crops/locate"


def encoded(image: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def test_two_pictures_are_answered_with_the_position_of_the_crop(service: Service) -> None:
    parts = [
        ("image", ("full.png", encoded(scene(1)), "image/png")),
        ("image", ("part.png", encoded(scene(1)[40:240, 100:300]), "image/png")),
    ]
    answer = service.client.post(LOCATE, params={"difference": True}, files=parts)
    assert answer.status_code == 200
    found = answer.json()
    assert (found["a"], found["b"], found["relation"], found["crop"]) == (
        "full.png", "part.png", "crop", "b"
    )  # fmt: skip
    assert abs(found["position"]["left"] - 100) < 0.2
    assert found["difference"].startswith("data:image/jpeg;base64,")


def test_the_client_has_a_method_for_it(service: Service) -> None:
    with Client(service.url) as client:
        mirrored = encoded(np.ascontiguousarray(scene(2)[40:240, 100:300][:, ::-1]))
        pictures = (("full.png", encoded(scene(2))), ("part.png", mirrored))
        assert client.locate_crop(*pictures)["relation"] == "unrelated"
        found = client.locate_crop(*pictures, mirrored=True)
    assert found["position"] is not None
    assert found["position"]["mirrored"]


def test_anything_but_two_pictures_is_refused_with_the_field(service: Service) -> None:
    one = {"image": ("full.png", encoded(scene(1)), "image/png")}
    refused = service.client.post(LOCATE, files=one)
    assert refused.status_code == 422
    assert refused.json()["detail"] == "send two pictures as `image`; there are 1"
    broken = [("image", ("a.png", b"no picture", "image/png"))] * 2
    assert service.client.post(LOCATE, files=broken).status_code == 422
