"""Films that lie in a bucket."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.errors import Refused
from api.http.jobs.runner import JobStopped
from api.http.jobs.video_files import s3_video_fetcher
from catalog.errors import NotFound, StorageUnavailable
from catalog.storage.s3_client import S3Options, make_client, open_session
from tests.api.cli.test_video import tea_clip
from tests.api.http.serving import Service, serving
from tests.catalog.support.buckets import moto_server

FILM = bytes(range(256)) * 20_000


@pytest.fixture(scope="module")
def bucket() -> Iterator[S3Options]:
    with moto_server() as options:
        yield options


@pytest.fixture
def there(bucket: S3Options) -> str:
    """The address of some bytes."""
    put(bucket, "film.bin", FILM)
    return f"s3://{bucket.bucket}/film.bin"


def put(options: S3Options, key: str, data: bytes) -> None:
    make_client(open_session(options), options, 1).put_object(
        Bucket=options.bucket, Key=key, Body=data
    )


def done(service: Service, job_id: str) -> dict[str, Any]:
    until = time.monotonic() + 60
    while True:
        job: dict[str, Any] = service.client.get(f"/v1/videos/{job_id}").json()
        if job["state"] in ("done", "failed"):
            return job
        assert time.monotonic() < until
        time.sleep(0.1)


def test_a_film_in_a_bucket_is_fetched_and_matched(bucket: S3Options, tmp_path: Path) -> None:
    put(bucket, "monday/clip.mp4", tea_clip(tmp_path / "clip.mp4").read_bytes())
    put(bucket, "list.m3u8", b"#EXTM3U\nfile:///etc/passwd\n")
    reach: dict[str, Any] = {
        "s3_endpoint": bucket.endpoint,
        "s3_region": bucket.region,
        "access_key": bucket.access_key,
        "secret_key": bucket.secret_key,
    }
    with serving(tmp_path, **reach) as running:
        running.client.post("/v1/catalogs", json={"catalog": "shop"}).raise_for_status()
        running.add("tea", 1)
        path = "/v1/catalogs/shop/videos"
        address = {"address": f"s3://{bucket.bucket}/monday/clip.mp4"}
        job = running.client.post(path, json=address)
        assert (job.status_code, job.json()["name"]) == (202, "clip.mp4")
        result = done(running, job.json()["job_id"])["result"]
        assert [seen["product_id"] for seen in result["appearances"]] == ["tea"]
        video = running.client.get(f"/v1/videos/{job.json()['job_id']}/video")
        assert video.status_code == 200
        for key, why in (("none.mp4", "there is no s3://"), ("list.m3u8", "no video file")):
            address = {"address": f"s3://{bucket.bucket}/{key}"}
            failed = done(running, running.client.post(path, json=address).json()["job_id"])
            assert (failed["state"], why in failed["error"]) == ("failed", True)
            assert running.client.get(f"/v1/videos/{failed['job_id']}/video").status_code in (
                200,
                404,
            )


@pytest.mark.parametrize(
    "body",
    [{}, {"address": 1}, {"address": "http://x/y"}, {"address": "s3://x"}, {"address": "file:///a"},
     {"address": "s3://bucket/a", "more": 1}, {"address": "s3://bucket/a\nb"}],
)  # fmt: skip
def test_what_is_no_address_is_refused(service: Service, body: dict[str, Any]) -> None:
    answer = service.client.post("/v1/catalogs/shop/videos", json=body)
    assert (answer.status_code, "s3://bucket/key" in answer.json()["detail"]) == (422, True)


def test_a_fetch_that_was_stopped_goes_on_where_it_stopped(
    bucket: S3Options, there: str, tmp_path: Path
) -> None:
    fetch, target, progress = s3_video_fetcher(bucket, 10**9), tmp_path / "upload", list[int]()

    def stop(at: int, _: int) -> None:
        if at > len(FILM) // 2:
            raise JobStopped

    with pytest.raises(JobStopped):
        fetch(there, target, stop)
    assert not target.exists()
    fetch(there, target, lambda at, _: progress.append(at))
    assert target.read_bytes() == FILM
    assert progress[0] > len(FILM) // 2
    assert [path.name for path in tmp_path.iterdir()] == ["upload"]


def test_another_film_under_the_same_name_is_fetched_anew(
    bucket: S3Options, there: str, tmp_path: Path
) -> None:
    def stop(*_: int) -> None:
        raise JobStopped

    fetch, target = s3_video_fetcher(bucket, 10**9), tmp_path / "upload"
    with pytest.raises(JobStopped):
        fetch(there, target, stop)
    put(bucket, "film.bin", FILM[::-1])
    fetch(there, target, lambda *_: None)
    assert target.read_bytes() == FILM[::-1]


def test_what_is_too_large_is_not_fetched(bucket: S3Options, there: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="are allowed"):
        s3_video_fetcher(bucket, 1000)(there, tmp_path / "upload", lambda *_: None)
    assert list(tmp_path.iterdir()) == []


def test_no_object_no_bucket_and_no_server_differ(bucket: S3Options, tmp_path: Path) -> None:
    for address in (f"s3://{bucket.bucket}/none", "s3://no-such-bucket/none"):
        with pytest.raises(NotFound, match=address):
            s3_video_fetcher(bucket, 10**9)(address, tmp_path / "upload", lambda *_: None)
    nowhere = S3Options(
        "", endpoint="http://127.0.0.1:9", attempts=1, access_key="a", secret_key="b"
    )
    with pytest.raises(StorageUnavailable):
        s3_video_fetcher(nowhere, 10**9)("s3://bucket/x", tmp_path / "upload", lambda *_: None)
