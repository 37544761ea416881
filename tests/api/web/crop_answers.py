"""Answers of the routes of crops as the contract has them, for a page before a stand-in."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, Route

Answer = dict[str, Any]
SIZE = (320, 240)


def outline(left: float, top: float, right: float, bottom: float) -> list[list[float]]:
    """The corners of a box, clockwise from the top left."""
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def proposals(query: Mapping[str, list[str]]) -> Answer:
    """A painting and a vase; the vase comes first where a point is asked about."""
    painting = {
        "box": [40, 30, 200, 150],
        "kind": "painting",
        "confidence": 0.94,
        "corners": outline(42, 30, 200, 150),
    }
    vase = {"box": [220, 100, 290, 220], "kind": "object", "confidence": 0.41, "corners": None}
    whole = {"box": [0, 0, *SIZE], "kind": "whole", "confidence": 0.05, "corners": None}
    found = [vase, painting, whole] if "point" in query else [painting, vase, whole]
    kind = "An object" if "point" in query else "A painting"
    return {
        "image": "hall.png",
        "width": SIZE[0],
        "height": SIZE[1],
        "proposals": found,
        "sentence": f"{kind} is meant.",
        "elapsed_ms": 18.4,
    }


def thumbnails(query: Mapping[str, list[str]]) -> Answer:
    """One thumbnail for each aspect, as high as the picture, with a second choice."""

    def framed(aspect: str) -> Answer:
        across, down = map(float, aspect.split(":"))
        width = min(SIZE[0], SIZE[1] * across / down)
        height = width * down / across
        return {
            "aspect": aspect,
            "box": [0, 0, width, height],
            "score": 0.8,
            "reasons": ["keeps the face whole"],
            "cuts_a_face": aspect == "9:16",
            "alternatives": [
                {
                    "box": [SIZE[0] - width, 0, SIZE[0], height],
                    "score": 0.6,
                    "reasons": ["shows more of the ground"],
                }
            ],
            "picture": PIXEL if query["pictures"] == ["true"] else None,
        }

    return {
        "image": "hall.png",
        "width": SIZE[0],
        "height": SIZE[1],
        "thumbnails": [framed(aspect) for aspect in query["aspect"]],
        "faces": [{"box": [60, 40, 110, 100], "confidence": 0.99}],
        "saliency": PIXEL if query["saliency"] == ["true"] else None,
        "elapsed_ms": 93.0,
    }


def crop(query: Mapping[str, list[str]]) -> Answer:
    """The second picture is cut from the first at (80, 60)."""
    return {
        "a": "hall.png",
        "b": "part.png",
        "relation": "crop",
        "probability": 0.9987,
        "crop": "b",
        "position": {
            "left": 80.04,
            "top": 60.0,
            "width": 120.0,
            "height": 90.0,
            "scale": 1.0,
            "rotation": 0.0,
            "mirrored": query["mirrored"] == ["true"],
            "outline": outline(80, 60, 200, 150),
        },
        "places": [],
        "sentence": "part.png is a crop of hall.png; its top-left corner lies at (80, 60)",
        "difference": PIXEL,
    }


def among(related: int, query: Mapping[str, list[str]]) -> Answer:
    """One picture is looked for in two, of which the last so many are related; or in one."""
    if "difference" in query:
        return crop(query)
    stranger = {**crop({"mirrored": []}), "relation": "unrelated", "position": None}
    found = [
        {**(crop({"mirrored": []}) if place < related else stranger), "index": 1 - place}
        for place in range(2)
    ]
    return {
        "image": "part.png",
        "compared": 2,
        "answers": found,
        "sentence": found[0]["sentence"] if related else "none of the 2 pictures is related",
    }


def two_places(relation: str, _query: Mapping[str, list[str]]) -> Answer:
    """Two pictures that agree in two places, and neither is a crop of the other."""
    places = [
        {"a": outline(10, 10, 90, 90), "b": outline(0, 0, 80, 80)},
        {"a": outline(200, 10, 280, 90), "b": outline(0, 0, 80, 80)},
    ]
    return {
        "a": "hall.png",
        "b": "part.png",
        "relation": relation,
        "probability": 0.97,
        "crop": None,
        "position": None,
        "places": places,
        "sentence": "part.png fits hall.png in two places",
        "difference": None,
    }


def answer_with(page: Page, kind: str, make: Callable[[Mapping[str, list[str]]], Answer]) -> None:
    """Answer a route of crops from now on; the query is given as parsed."""

    def fulfil(route: Route) -> None:
        route.fulfill(json=make(parse_qs(urlsplit(route.request.url).query)))

    page.route(f"**/v1/crops/{kind}*", fulfil)


def refuse_with(page: Page, kind: str, status: int, detail: str) -> None:
    """Refuse whatever a route of crops is asked from now on."""

    def fulfil(route: Route) -> None:
        route.fulfill(
            status=status,
            content_type="application/problem+json",
            body=json.dumps({"status": status, "title": "Refused", "detail": detail}),
        )

    page.route(f"**/v1/crops/{kind}*", fulfil)


# A grey picture of one pixel.
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCB"
    "d81ytgAAAABJRU5ErkJggg=="
)
