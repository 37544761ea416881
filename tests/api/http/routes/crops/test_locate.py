import io

import httpx2
import numpy as np
import pytest
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


def among(service: Service, *files: tuple[str, str, bytes], **query: str) -> httpx2.Response:
    parts = [(field, (name, data, "image/png")) for field, name, data in files]
    return service.client.post(LOCATE, params=query, files=parts)


def test_of_many_pictures_it_is_answered_which_one_it_is_cut_from(service: Service) -> None:
    part = ("image", "part.png", encoded(scene(1)[40:240, 100:300]))
    others = [("among", f"{seed}.png", encoded(scene(seed, 160, 120))) for seed in (2, 3)]
    answer = among(service, others[0], part, ("among", "full.png", encoded(scene(1))), others[1])
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert list(found) == ["image", "compared", "answers", "sentence"]
    assert (found["image"], found["compared"]) == ("part.png", 3)
    best = found["answers"][0]
    assert best["index"] == 1
    assert (best["a"], best["b"], best["relation"]) == ("part.png", "full.png", "crop")
    assert abs(best["position"]["left"] - 100) < 0.2
    assert found["sentence"] == best["sentence"]
    assert {line["relation"] for line in found["answers"][1:]} == {"unrelated"}


def test_where_none_is_related_the_sentence_counts_them(service: Service) -> None:
    with Client(service.url) as client:
        wanted = ("part.png", encoded(scene(1, 64, 64)))
        strangers = [(f"{seed}.png", encoded(scene(seed, 64, 48))) for seed in (2, 3)]
        found = client.locate_among(wanted, strangers)
        assert found["sentence"] == "none of the 2 pictures is related to part.png"
        one = client.locate_among(wanted, strangers[:1])
        assert one["sentence"] == "the one other picture is not related to part.png"


def test_what_cannot_be_one_against_many_names_the_field(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = encoded(scene(1, 32, 32))
    one, other = ("image", "a.png", small), ("among", "b.png", small)
    for files, query, sentence in (
        ([other], {}, "send one picture as `image` beside `among`; there are 0"),
        ([one, one, other], {}, "send one picture as `image` beside `among`; there are 2"),
        ([one, *[other] * 33], {}, "among: there are 33 pictures; send at most 32"),
        ([one, *[other] * 64], {}, "the form has over 64 pictures; send fewer at once"),
        ([one, other], {"difference": "true"}, "query.difference: it is drawn for two pictures"),
        ([one, ("among", "note.png", b"words")], {}, "note.png is not a picture"),
    ):
        refused = among(service, *files, **query)
        assert refused.status_code in (400, 422), refused.text
        assert refused.json()["detail"].startswith(sentence)
    monkeypatch.setattr("api.http.routes.crops.locate.MOST_AMONG_BYTES", 1_000)
    refused = among(service, one, other)
    assert refused.status_code == 413
    assert refused.json()["detail"].startswith("among: the pictures have")
