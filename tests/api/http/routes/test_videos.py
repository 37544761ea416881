"""Videos over HTTP, matched as jobs."""

from pathlib import Path

import pytest

from tests.api.http.serving import Service, until_done
from tests.stream.clips import write_clip

VIDEOS = "/v1/catalogs/shop/videos"


def test_a_video_is_sent_matched_and_looked_at(service: Service, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    write_clip(clip)
    sent = service.client.post(
        "/v1/catalogs/shop/videos",
        params={"name": "clip.mp4"},
        content=clip.read_bytes(),
        headers={"Content-Type": "video/mp4"},
    )
    assert sent.status_code == 202, sent.text
    path = sent.headers["location"]
    done = until_done(service, path)
    assert (done["state"], done["name"]) == ("done", "clip.mp4")
    assert done["result"]["frames"] > 0
    found = service.client.get(f"{path}/events").json()
    assert found["state"] == "done"
    events = service.client.get(f"{path}/events", headers={"Accept": "text/event-stream"}).text
    assert events.count("event: appearance") == len(found["events"])
    assert "event: end" in events
    part = service.client.get(f"{path}/annotated.mp4", headers={"Range": "bytes=0-99"})
    assert (part.status_code, len(part.content)) == (206, 100)
    assert service.client.get(f"{path}/video").content == clip.read_bytes()
    listed = service.client.get("/v1/catalogs/shop/videos").json()["videos"]
    assert done["job_id"] in [job["job_id"] for job in listed]
    assert service.client.delete(path).status_code == 204
    assert service.client.get(path).status_code == 404


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"address": 1},
        {"address": "https://films/monday.mp4"},
        {"address": "s3://films"},
        {"address": "s3://Films/monday.mp4"},
        {"address": "s3://films/monday\n.mp4"},
        {"address": "s3://films/monday.mp4", "name": "x"},
    ],
)
def test_an_address_of_no_bucket_is_refused(service: Service, order: dict[str, object]) -> None:
    answer = service.client.post(VIDEOS, json=order)
    assert answer.status_code == 422
    assert answer.json()["detail"] == 'send {"address": "s3://bucket/key"}'


@pytest.mark.parametrize("rest", ["", "/events", "/annotated.mp4", "/video"])
def test_a_job_of_another_kind_is_no_video(service: Service, rest: str) -> None:
    answer = service.client.post("/v1/catalogs/shop/reconcile", json={"only_sync": True})
    job_id = answer.json()["job_id"]
    assert service.client.get(f"/v1/videos/{job_id}{rest}").status_code == 404
    assert service.client.get(f"/v1/videos/none{rest}").status_code == 404
