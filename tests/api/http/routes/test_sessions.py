"""Live sessions over HTTP: a real publisher, its events, its pictures."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from api.http.process.tls import find_identity
from tests.api.http.serving import Service

PUBLISHER = Path(__file__).parents[3] / "stream" / "peers" / "whip_publisher.py"


@contextmanager
def publishing(service: Service, folder: Path, seconds: int = 30) -> Iterator[str]:
    """A publisher that sends moving bars; gives the session's id."""
    url = f"{service.url}/v1/catalogs/shop/whip"
    pair = find_identity(folder, "127.0.0.1", None, None, self_signed=True)
    assert pair is not None
    before = {session["session_id"] for session in sessions(service)}
    arguments = [url, str(pair.certificate), str(pair.key), "320x240", "10", str(seconds)]
    with subprocess.Popen([sys.executable, str(PUBLISHER), *arguments]) as process:
        try:
            yield newcomer(service, before)
        finally:
            process.kill()


def sessions(service: Service) -> list[dict[str, object]]:
    shown: list[dict[str, object]] = service.client.get("/v1/sessions").json()["sessions"]
    return shown


def newcomer(service: Service, before: set[object]) -> str:
    end = time.monotonic() + 20
    while True:
        for session in sessions(service):
            if session["session_id"] not in before and session["state"] == "live":
                return str(session["session_id"])
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_publisher_is_matched_followed_seen_and_ended(service: Service, tmp_path: Path) -> None:
    with publishing(service, tmp_path) as session_id:
        path = f"/v1/sessions/{session_id}"
        shown = service.client.get(path).json()
        assert (shown["kind"], shown["catalog"]) == ("whip", "shop")
        numbers, kinds = followed(service, path)
        assert numbers == sorted(numbers)
        assert {"appearance", "status", "overlay"} <= kinds
        later, _ = followed(service, path, after=numbers[0])
        assert numbers[0] not in later
        picture = service.client.get(f"{path}/snapshot.jpg")
        assert picture.headers["content-type"] == "image/jpeg"
        assert picture.content[:2] == b"\xff\xd8"
        socket_url = service.url.replace("http", "ws") + f"{path}/events/ws?overlay=true"
        with connect(socket_url) as socket:
            message = json.loads(socket.recv(timeout=10))
            assert message["type"] == "event"
            assert message["data"]["session_id"] == session_id
        assert service.client.patch(path, content=b"").status_code == 415
        assert service.client.delete(path).status_code == 200
        assert service.client.get(path).status_code == 404
        # What was lines stays.
        assert "event: end" in service.client.get(f"{path}/events").text


def followed(service: Service, path: str, after: int = 0) -> tuple[list[int], set[str]]:
    """Numbers of the events, and the kinds of what was message, in two seconds."""
    numbers: list[int] = []
    kinds: set[str] = set()
    end = time.monotonic() + 2
    headers = {"Last-Event-ID": str(after)} if after else {}
    params = {"overlay": "true"}
    with service.client.stream("GET", f"{path}/events", params=params, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith("id: "):
                numbers.append(int(line[4:]))
            if line.startswith("event: "):
                kinds.add(line[7:])
            if time.monotonic() > end:
                break
    return numbers, kinds


@pytest.mark.parametrize("rest", ["", "/events", "/snapshot.jpg", "/appearances/x/evidence.jpg"])
def test_a_session_that_is_none_is_not_found(service: Service, rest: str) -> None:
    assert service.client.get(f"/v1/sessions/none{rest}").status_code == 404


def test_a_socket_of_no_session_is_refused_with_a_reason(service: Service) -> None:
    url = service.url.replace("http", "ws") + "/v1/sessions/none/events/ws"
    with pytest.raises(InvalidStatus) as refusal, connect(url):
        pass
    assert refusal.value.response.status_code == 404
