"""Asking the routes, and what must hold of every refusal."""

import httpx2

from tests.api.http.routes.crops import pictures

# What is no picture, and what must be said of it.
REFUSED = {
    "one-pixel.png": (pictures.encoded(pictures.scene(1, (1, 1))), "too small (1x1 pixels)"),
    "note.jpg": (b"Dear all, this is no picture.", "is not a picture that can be read"),
    "cut.jpg": (pictures.truncated(), "is damaged or cut off"),
    "wall.png": (pictures.huge(), "is too large (over 178 megapixels)"),
    "nothing.jpg": (b"", "is empty (0 bytes)"),
}
# Odd ones that are pictures all the same.
ANSWERED = {
    "plain.png": pictures.one_colour(),
    "moving.gif": pictures.animated(),
    "moving.webp": pictures.animated("WEBP"),
    "moving.png": pictures.animated("PNG"),
    "printed.jpg": pictures.printed(),
    "deep.png": pictures.deep(),
    "glass.png": pictures.transparent(),
    "turned.jpg": pictures.turned(),
    "smallest.png": pictures.encoded(pictures.scene(1, (16, 16))),
    "strip.png": pictures.encoded(pictures.scene(1, (1200, 16))),
}


def ask(
    crops: httpx2.Client, route: str, *files: tuple[str, bytes], **query: str
) -> httpx2.Response:
    if route == "thumbnail":
        query.setdefault("aspect", "1:1")
    given = [("image", (name, data, "application/octet-stream")) for name, data in files]
    return crops.post(f"/{route}", params=query, files=given)


def refusal(answer: httpx2.Response) -> str:
    """The sentence of a refusal, which must be one."""
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    detail = str(answer.json()["detail"])
    assert detail
    assert "\n" not in detail
    assert "Error" not in detail
    return detail
