"""Odd pictures and odd questions about one: an answer, or one sentence that names the field."""

from typing import Any

import httpx2
import pytest

from tests.api.http.routes.crops import pictures
from tests.api.http.routes.crops.asking import ANSWERED, REFUSED, ask, refusal

pytestmark = [pytest.mark.weights, pytest.mark.timeout(300)]

ROUTES = ("propose", "thumbnail")
QUESTIONS = [
    ("thumbnail", "aspect", "0"),
    ("thumbnail", "aspect", "0:1"),
    ("thumbnail", "aspect", "1:0"),
    ("thumbnail", "aspect", "1:100"),
    ("thumbnail", "aspect", "-4:3"),
    ("thumbnail", "aspect", "1:1:1"),
    ("thumbnail", "aspect", "1.5"),
    ("thumbnail", "aspect", "nan:1"),
    ("thumbnail", "aspect", "inf:inf"),
    ("thumbnail", "aspect", "wide"),
    ("thumbnail", "aspect", ""),
    ("thumbnail", "width", "0"),
    ("thumbnail", "width", "-5"),
    ("thumbnail", "width", "1000000"),
    ("thumbnail", "width", "broad"),
    ("thumbnail", "saliency", "perhaps"),
    ("propose", "point", "480,10"),
    ("propose", "point", "-1,10"),
    ("propose", "point", "10,5000"),
    ("propose", "point", "10"),
    ("propose", "point", "1,2,3"),
    ("propose", "point", "here"),
    ("propose", "point", "nan,4"),
    ("propose", "point", ""),
    ("propose", "limit", "0"),
    ("propose", "limit", "100000"),
    ("propose", "limit", "many"),
]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_picture_is_refused_by_name(crops: httpx2.Client, route: str, name: str) -> None:
    data, reason = REFUSED[name]
    detail = refusal(ask(crops, route, (name, data)))
    assert name in detail
    assert reason in detail


@pytest.mark.parametrize("name", ANSWERED)
def test_of_any_odd_picture_something_is_proposed(crops: httpx2.Client, name: str) -> None:
    answer = ask(crops, "propose", (name, ANSWERED[name]))
    assert answer.status_code == 200, answer.text
    proposed = answer.json()
    assert proposed["proposals"]
    assert proposed["sentence"]
    for proposal in proposed["proposals"]:
        is_within(proposal["box"], proposed)
        assert 0 <= proposal["confidence"] <= 1


@pytest.mark.parametrize("name", ANSWERED)
def test_any_odd_picture_is_framed_at_the_wanted_aspect(crops: httpx2.Client, name: str) -> None:
    answer = ask(crops, "thumbnail", (name, ANSWERED[name]), aspect="4:3", pictures="true")
    assert answer.status_code == 200, answer.text
    framed = answer.json()
    (thumbnail,) = framed["thumbnails"]
    is_within(thumbnail["box"], framed)
    left, top, right, bottom = thumbnail["box"]
    assert abs((right - left) - (bottom - top) * 4 / 3) <= 2  # pixels
    assert thumbnail["reasons"]
    assert thumbnail["picture"].startswith("data:image/jpeg;base64,")


def test_a_plain_picture_means_nothing_in_particular(crops: httpx2.Client) -> None:
    best = ask(crops, "propose", ("plain.png", pictures.one_colour())).json()["proposals"][0]
    assert best["kind"] == "whole"
    assert best["confidence"] < 0.5


@pytest.mark.parametrize("route", ["propose", "thumbnail"])
def test_a_turned_picture_is_answered_upright(crops: httpx2.Client, route: str) -> None:
    answer = ask(crops, route, ("turned.jpg", pictures.turned())).json()
    assert (answer["width"], answer["height"]) == pictures.SIZE


@pytest.mark.parametrize(("route", "field", "value"), QUESTIONS)
def test_an_odd_question_is_refused_with_its_field_named(
    crops: httpx2.Client, route: str, field: str, value: str
) -> None:
    whole = ("whole.png", pictures.encoded(pictures.scene()))
    assert field in refusal(ask(crops, route, whole, **{field: value}))


@pytest.mark.parametrize("route", ROUTES)
def test_two_pictures_are_one_too_many(crops: httpx2.Client, route: str) -> None:
    files = [(f"{number}.png", pictures.encoded(pictures.scene())) for number in range(2)]
    detail = refusal(ask(crops, route, *files))
    assert "image" in detail
    assert "2" in detail


@pytest.mark.parametrize("route", ROUTES)
def test_without_a_picture_there_is_one_sentence(crops: httpx2.Client, route: str) -> None:
    query = {"aspect": "1:1"} if route == "thumbnail" else {}
    answer = crops.post(f"/{route}", params=query, data={"note": "none"})
    assert answer.status_code in (415, 422)
    assert answer.json()["detail"]


def is_within(box: list[float], answer: dict[str, Any]) -> None:
    left, top, right, bottom = box
    assert 0 <= left < right <= answer["width"]
    assert 0 <= top < bottom <= answer["height"]


def test_thumbnails_that_would_be_too_high_are_refused(crops: httpx2.Client) -> None:
    picture = ("scene.png", pictures.encoded(pictures.scene()))
    detail = refusal(ask(crops, "thumbnail", picture, aspect="1:10", width="4096", pictures="true"))
    assert "query.width" in detail
    assert "a width of 409 or less" in detail
