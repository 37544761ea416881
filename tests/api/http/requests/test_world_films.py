"""A key of one catalog has no film of another catalog's folder fetched, however it is spelt."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.http.auth.keys import KeyStore
from api.http.auth.scope import Scope
from catalog.storage.s3_client import S3Options
from tests.api.http.jobs.test_video_files import done, put
from tests.api.http.serving import Service, serving
from tests.catalog.support.buckets import moto_server
from tests.stream.clips import write_clip

VIDEOS = "/v1/catalogs/shop/videos"
SECRET = b"GIF89a what only the other catalog's people may see"


@pytest.fixture(scope="module")
def bucket() -> Iterator[S3Options]:
    with moto_server() as options:
        yield options


@pytest.fixture(scope="module")
def guarded(
    bucket: S3Options, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Service, dict[str, str]]]:
    """A service whose catalogs' bucket has a prefix, and the header of a key of `shop` alone."""
    folder = tmp_path_factory.mktemp("films")
    put(bucket, "all/shop/films/clip.mp4", write_clip(folder / "clip.mp4").read_bytes())
    put(bucket, "all/other/images/a.gif", SECRET)
    reach: dict[str, Any] = {
        "s3_bucket": bucket.bucket,
        "s3_prefix": "all",
        "s3_endpoint": bucket.endpoint,
        "s3_region": bucket.region,
        "access_key": bucket.access_key,
        "secret_key": bucket.secret_key,
    }
    with serving(folder, **reach) as running:
        for name in ("shop", "other"):
            running.client.post("/v1/catalogs", json={"catalog": name}).raise_for_status()
        text, _ = KeyStore(running.options.keys).create([Scope.READ, Scope.LIVE], ["shop"])
        yield running, {"Authorization": f"Bearer {text}"}


@pytest.mark.parametrize(
    "key",
    [
        "all/other/images/a.gif", "all/shop", "all/shop/", "all/shopping/a.gif", "other/a.gif",
        "all/shop/../other/images/a.gif", "all/shop/./a.gif", "all/shop//a.gif", "/all/shop/a.gif",
        "all//other/images/a.gif", "./all/shop/a.gif", "monday.mp4", "all", "ALL/SHOP/a.gif",
        "all/shop/..", "all/../all/other/images/a.gif",
    ],
)  # fmt: skip
def test_world_a_film_of_another_catalogs_folder_is_refused(
    guarded: tuple[Service, dict[str, str]], bucket: S3Options, key: str
) -> None:
    running, header = guarded
    address = {"address": f"s3://{bucket.bucket}/{key}"}
    answer = running.client.post(VIDEOS, json=address, headers=header)
    assert answer.status_code == 403
    assert answer.json()["detail"].endswith(f"below s3://{bucket.bucket}/all/shop/")


def test_world_a_film_of_ones_own_catalog_is_fetched(
    guarded: tuple[Service, dict[str, str]], bucket: S3Options
) -> None:
    running, header = guarded
    running.client.headers.update(header)
    address = {"address": f"s3://{bucket.bucket}/all/shop/films/clip.mp4"}
    job = running.client.post(VIDEOS, json=address).json()
    assert done(running, job["job_id"])["state"] == "done"


def test_world_what_was_fetched_and_is_no_film_is_shown_to_nobody(
    bucket: S3Options, tmp_path: Path
) -> None:
    put(bucket, "private/notes.txt", b"what a service may read, and its callers may not")
    put(bucket, "private/cut.gif", SECRET)
    reach: dict[str, Any] = {
        "s3_endpoint": bucket.endpoint, "s3_region": bucket.region,
        "access_key": bucket.access_key, "secret_key": bucket.secret_key,
    }  # fmt: skip
    with serving(tmp_path, **reach) as running:
        running.client.post("/v1/catalogs", json={"catalog": "shop"}).raise_for_status()
        for key in ("private/notes.txt", "private/cut.gif"):
            address = {"address": f"s3://{bucket.bucket}/{key}"}
            job_id = running.client.post(VIDEOS, json=address).json()["job_id"]
            assert done(running, job_id)["state"] == "failed"
            assert running.client.get(f"/v1/videos/{job_id}/video").status_code == 404
