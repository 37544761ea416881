"""Films and archives beyond a quota or the disk are refused on a real server, which says why."""

import socket
from collections.abc import Iterator
from pathlib import Path
from shutil import disk_usage

import httpx2
import pytest

from api.http.auth.keys import KeyStore
from api.http.auth.scope import Scope
from tests.api.http.serving import Service, serving, until_ready
from tests.stream.clips import write_clip

VIDEOS = "/v1/catalogs/shop/videos"
IMPORT = "/v1/catalogs/shop/import"
FILM = {"Content-Type": "video/mp4"}


@pytest.fixture
def film(tmp_path: Path) -> bytes:
    clip = tmp_path / "clip.mp4"
    write_clip(clip)
    return clip.read_bytes()


@pytest.fixture(params=[False, True], ids=["one process", "worker and engine"])
def bounded(request: pytest.FixtureRequest, tmp_path: Path, film: bytes) -> Iterator[Service]:
    """A service that keeps one film and a half for each key, and two films and a half in all."""
    one_gb = len(film) / 1e9
    with serving(
        tmp_path,
        through_proxy=request.param,
        exposed=True,
        uploads_gb=one_gb * 2.5,
        uploads_per_key_gb=one_gb * 1.5,
        free_gb=0.0,
    ) as running:
        running.client.headers.update(key(running))
        until_ready(running.client)
        running.client.post("/v1/catalogs", json={"catalog": "shop"}).raise_for_status()
        yield running


def key(running: Service) -> dict[str, str]:
    text, _ = KeyStore(running.options.keys).create([Scope.ADMIN])
    return {"Authorization": f"Bearer {text}"}


def pieces(film: bytes) -> Iterator[bytes]:
    """A body that announces no length."""
    yield film


def refusal(answer: httpx2.Response, status: int, kind: str) -> str:
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:skulens:problem:{kind}")
    return str(answer.json()["detail"])


def folders(running: Service) -> list[str]:
    return sorted(path.name for path in (running.options.state / "jobs").iterdir())


def test_world_a_key_beyond_its_quota_is_refused_and_deleting_a_job_mends_it(
    bounded: Service, film: bytes
) -> None:
    ann = bounded.client
    first = ann.post(VIDEOS, content=film, headers=FILM).json()["job_id"]
    sentences = [
        refusal(ann.post(VIDEOS, content=film, headers=FILM), 413, "quota"),
        refusal(ann.post(VIDEOS, content=pieces(film), headers=FILM), 413, "quota"),
        refusal(ann.post(VIDEOS, files={"video": ("a.mp4", film, "video/mp4")}), 413, "quota"),
        refusal(
            ann.post(IMPORT, content=film, headers={"Content-Type": "application/zip"}),
            413,
            "quota",
        ),
    ]
    for sentence in sentences:
        assert f"hold {len(film):,} of the" in sentence
        assert "SKULENS_UPLOADS_PER_KEY_GB" in sentence
        assert "delete a job" in sentence
    assert folders(bounded) == [first]
    ann.delete(f"/v1/videos/{first}").raise_for_status()
    ann.post(VIDEOS, content=film, headers=FILM).raise_for_status()


def test_world_another_key_has_its_own_quota_until_all_together_have_too_much(
    bounded: Service, film: bytes
) -> None:
    client = bounded.client
    client.post(VIDEOS, content=film, headers=FILM).raise_for_status()
    bob, eve = key(bounded), key(bounded)
    client.post(VIDEOS, content=pieces(film), headers=FILM | bob).raise_for_status()
    answer = client.post(VIDEOS, content=film, headers=FILM | eve)
    assert f"all jobs hold {2 * len(film):,} of the" in refusal(answer, 413, "quota")


def test_world_an_upload_counts_while_it_is_on_its_way_and_no_longer_when_it_is_broken_off(
    bounded: Service, film: bytes
) -> None:
    with beginning(bounded, len(film)):
        answer = bounded.client.post(VIDEOS, content=film, headers=FILM)
        refusal(answer, 413, "quota")
    until_empty(bounded)
    bounded.client.post(VIDEOS, content=film, headers=FILM).raise_for_status()


def test_world_what_turns_out_to_be_no_film_gives_its_bytes_back(
    bounded: Service, film: bytes
) -> None:
    for _ in range(3):
        answer = bounded.client.post(VIDEOS, content=bytes(len(film)), headers=FILM)
        refusal(answer, 422, "source")
        assert folders(bounded) == []
    bounded.client.post(VIDEOS, content=film, headers=FILM).raise_for_status()


def test_world_an_upload_that_would_fill_the_disk_is_refused_before_it_is_read(
    tmp_path: Path, film: bytes
) -> None:
    more_than_free = disk_usage(tmp_path).free / 1e9 * 2
    with serving(tmp_path, free_gb=more_than_free) as running:
        running.client.post("/v1/catalogs", json={"catalog": "shop"}).raise_for_status()
        answer = running.client.post(VIDEOS, content=film, headers=FILM)
        sentence = refusal(answer, 503, "storage")
        assert f"needs {len(film):,} bytes" in sentence
        assert "the disk is nearly full" in sentence
        assert "SKULENS_FREE_GB" in sentence
        assert folders(running) == []


def beginning(running: Service, length: int) -> socket.socket:
    """A connection on which a film has begun, and is counted."""
    host, port = running.url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=20)
    lines = [
        f"POST {VIDEOS} HTTP/1.1",
        "Host: localhost",
        f"Authorization: {running.client.headers['authorization']}",
        "Content-Type: video/mp4",
        f"Content-Length: {length}",
    ]
    connection.sendall("\r\n".join([*lines, "", "x"]).encode())
    while not list((running.options.state / "jobs").glob("*/upload")):
        running.client.get("/healthz").raise_for_status()
    return connection


def until_empty(running: Service) -> None:
    """Wait until nothing is left of what was broken off."""
    while folders(running):
        running.client.get("/healthz").raise_for_status()
