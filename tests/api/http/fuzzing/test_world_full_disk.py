"""A disk that is full refuses what would be written, with 503 and one sentence."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.api.http.fuzzing.test_world_edges import faults_logged
from tests.api.http.serving import png, serving

HOOK = {"webhook_id": "till", "url": "https://192.0.2.1/", "secret": "x" * 200}
CAMERA = {"camera_id": "till", "address": "rtsp://192.0.2.1/stream", "catalog": "shop",
          "enabled": False}  # fmt: skip


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file of this process grow: what is written beyond its end is refused."""
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(
    ("path", "order"), [("/v1/webhooks", HOOK), ("/v1/cameras", CAMERA)], ids=["webhook", "camera"]
)
def test_world_what_is_remembered_on_a_full_disk_is_refused_and_taken_when_there_is_room(
    tmp_path: Path, path: str, order: dict[str, Any]
) -> None:
    with serving(tmp_path) as running, faults_logged() as faults:
        running.client.post("/v1/catalogs", json={"catalog": "shop"}).raise_for_status()
        with full_disk():
            refused = running.client.post(path, json=order)
        assert (refused.status_code, refused.json()["type"]) == (503, "urn:skulens:problem:storage")
        assert refused.headers["retry-after"]
        assert running.client.post(path, json=order).status_code == 201
    assert faults == []


def test_world_an_answer_that_a_full_disk_does_not_keep_is_given_all_the_same(
    tmp_path: Path,
) -> None:
    with serving(tmp_path) as running, faults_logged() as faults:
        running.client.post("/v1/catalogs", json={"catalog": "shop"}).raise_for_status()
        running.add("tea", 1)
        files = {"image": ("a.png", png(1), "image/png")}
        with full_disk():
            answer = running.client.post(
                "/v1/catalogs/shop/identify", files=files, headers={"Idempotency-Key": "once"}
            )
        assert answer.status_code == 200
    assert faults == []
