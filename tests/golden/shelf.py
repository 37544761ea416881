"""Steps that make the fixtures: the same steps by today's commit and by any later one."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import httpx2

from tests.api.http.serving import Service, serving
from tests.api.shop import ColourFinder
from tests.golden.program import GoldenProgram

UPDATES: Final = 64  # from so many journal entries on, a snapshot is written
SLOW_S: Final = 0.05

WEBHOOK: Final = {
    "webhook_id": "till",
    "url": "http://127.0.0.1:9/skulens",
    "secret": "sixteen letters of nobody",
    "kinds": ["confirmed", "left"],
    "catalog": "shop",
}
CAMERA: Final = {
    "camera_id": "door",
    "name": "Door",
    "address": "rtsp://user:word@127.0.0.1:9/none",
    "catalog": "shop",
    "transport": "tcp",
    "enabled": False,
    "hours": {"windows": [{"days": ["mon", "fri"], "begins": "08:00", "ends": "18:30"}],
              "zone": "Europe/Berlin"},
    "regions": [[[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]],
    "smallest": 0.05,
}  # fmt: skip
OPINIONS: Final = (
    {"verdict": "right", "product_id": "tea", "probability": 0.98, "note": "yes"},
    {"verdict": "wrong", "product_id": "milk", "appearance_id": "gone-1"},
    {"verdict": "other", "product_id": "tea", "other_product_id": "milk", "probability": 0.5},
)


def fill(program: GoldenProgram) -> None:
    """Fill the catalog `shop`: every kind of change that commands make."""
    picture = ("tea.png", "--name", "Green tea", "--attribute", "price=1.99")
    program.did("catalog", "create", "shop")
    program.did("product", "add", "shop", "tea", *picture, "--attribute", "brand=Leaf")
    program.did("product", "add", "shop", "milk", "milk.png")
    program.did("product", "add", "shop", "milk", "oats.png", "--to-existing")
    program.did("product", "add", "shop", "rice", "rice.png")
    program.did("product", "remove", "shop", "rice")
    program.did("catalog", "calibrate", "shop", "--false-accept-rate", "0.05")


def change(program: GoldenProgram) -> None:
    """Change a product so often that a snapshot is written, with all that came before in it."""
    for number in range(UPDATES):
        program.did("product", "update", "shop", "tea", "--attribute", f"shelf={number}")


def keep_orders(service: Service) -> None:
    """Give a service feedback, a webhook and a camera to keep."""
    for opinion in OPINIONS:
        data, file = {"feedback": json.dumps(opinion)}, ("tea.png", picture_of("tea"), "image/png")
        if opinion["verdict"] == "right":
            posted(service.client, "/v1/catalogs/shop/feedback", data=data, files={"image": file})
        else:
            posted(service.client, "/v1/catalogs/shop/feedback", json=opinion)
    posted(service.client, "/v1/webhooks", json=WEBHOOK)
    posted(service.client, "/v1/cameras", json=CAMERA)


def picture_of(name: str) -> bytes:
    """The picture file of a product."""
    from tests.api.http.serving import png

    return png({"tea": 1, "milk": 2, "rice": 3, "oats": 4}[name])


def posted(client: httpx2.Client, path: str, **what: Any) -> Any:
    """The answer to a POST, which must be taken."""
    answer = client.post(path, **what)
    assert answer.is_success, answer.text
    return answer.json()


def sent(service: Service, clip: Path) -> str:
    """The id of the job of a video that is sent to a service."""
    kind = {"Content-Type": "video/mp4"}
    path = "/v1/catalogs/shop/videos?annotated=false&name=clip.mp4"
    job = posted(service.client, path, content=clip.read_bytes(), headers=kind)
    return str(job["job_id"])


def finished(service: Service, job_id: str) -> Any:
    """A job that came to its end."""
    until = time.monotonic() + 60
    while True:
        job = service.client.get(f"/v1/jobs/{job_id}").json()
        if job["state"] in ("done", "failed", "cancelled"):
            return job
        assert time.monotonic() < until
        time.sleep(0.05)


@contextmanager
def slowly() -> Iterator[None]:
    """The stand-ins take their time."""
    detect = ColourFinder.detect

    def slow(self: ColourFinder, image: Any) -> Any:
        time.sleep(SLOW_S)
        return detect(self, image)

    with patch.object(ColourFinder, "detect", slow):
        yield


def stop_halfway(folder: Path) -> str:
    """Start a service, send it a clip and stop it halfway; the id of the job."""
    with slowly(), serving(folder) as service:
        job_id = sent(service, folder / "clip.mp4")
        until = time.monotonic() + 60
        while not list((folder / "state").rglob("checkpoint.json")):
            assert time.monotonic() < until
            time.sleep(0.01)
    return job_id
