"""Odd pictures and odd questions about two: an answer, or one sentence that names the field."""

from typing import Any

import httpx2
import pytest

from tests.api.http.routes.crops import pictures
from tests.api.http.routes.crops.asking import ANSWERED, REFUSED, ask, refusal

pytestmark = [pytest.mark.weights, pytest.mark.timeout(300)]

WHOLE = ("whole.png", pictures.encoded(pictures.scene()))


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("place", [0, 1], ids=["first", "second"])
def test_what_is_no_picture_is_refused_by_name_in_either_place(
    crops: httpx2.Client, name: str, place: int
) -> None:
    data, reason = REFUSED[name]
    files = [WHOLE]
    files.insert(place, (name, data))
    detail = refusal(ask(crops, "locate", *files))
    assert name in detail
    assert reason in detail


@pytest.mark.parametrize("name", ANSWERED)
def test_the_same_picture_twice_is_never_an_error(crops: httpx2.Client, name: str) -> None:
    data = ANSWERED[name]
    answer = ask(crops, "locate", (name, data), (f"again-{name}", data), difference="true")
    assert answer.status_code == 200, answer.text
    assert answer.json()["sentence"]
    if name not in ("plain.png", "smallest.png", "strip.png"):
        assert answer.json()["relation"] == "same"


def test_a_turned_picture_is_the_same_as_the_upright_one(crops: httpx2.Client) -> None:
    upright = ("upright.png", pictures.encoded(pictures.scene()))
    answer = ask(crops, "locate", upright, ("turned.jpg", pictures.turned())).json()
    assert answer["relation"] == "same"


def test_a_crop_larger_than_the_full_picture_is_found(crops: httpx2.Client) -> None:
    full = pictures.scene(size=(720, 480))
    part = full.crop((120, 60, 480, 300)).resize((1440, 960))
    answer = ask(
        crops,
        "locate",
        ("part.png", pictures.encoded(part)),
        ("full.png", pictures.encoded(full)),
    ).json()
    assert (answer["relation"], answer["crop"]) == ("crop", "a")
    position: dict[str, Any] = answer["position"]
    assert abs(position["left"] - 120) < 2
    assert abs(position["scale"] - 0.25) < 0.01


@pytest.mark.parametrize("field", ["mirrored", "difference"])
def test_an_odd_switch_is_refused_with_its_field_named(crops: httpx2.Client, field: str) -> None:
    assert field in refusal(ask(crops, "locate", WHOLE, WHOLE, **{field: "perhaps"}))


@pytest.mark.parametrize("count", [1, 3])
def test_fewer_or_more_than_two_pictures_are_refused(crops: httpx2.Client, count: int) -> None:
    detail = refusal(ask(crops, "locate", *[WHOLE] * count))
    assert "image" in detail
    assert str(count) in detail
