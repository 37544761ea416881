"""A session as its readers get it."""

import asyncio
import threading
from pathlib import Path

import httpx2
import pytest

from api.http.auth.principal import LOCAL
from api.http.live.event_stream import StreamItem, StreamRequest, stream_session
from api.http.live.service import run_session_service
from api.http.shutdown import ShutdownSignal
from api.live.events.log import NewEvent
from api.live.services import LiveServices
from api.settings import Settings
from tests.api.http.serving import serving
from tests.api.live.test_services import opened
from tests.api.shop import FakeServices


def test_readers_hear_of_the_end_of_the_service(tmp_path: Path) -> None:
    lines: list[str] = []
    with serving(tmp_path) as running:
        running.client.post("/v1/catalogs", json={"catalog": "shop"}).raise_for_status()
        order = {"catalog": "shop", "url": "rtsp://127.0.0.1:9/none"}
        session_id = running.client.post("/v1/sessions", json=order).json()["session_id"]
        path = f"/v1/sessions/{session_id}/events"

        heard = threading.Event()

        def read() -> None:
            with httpx2.stream("GET", running.url + path, timeout=20) as answer:
                for line in answer.iter_lines():
                    lines.append(line)
                    heard.set()

        reader = threading.Thread(target=read)
        reader.start()
        assert heard.wait(5)
    reader.join(10)
    assert "event: end" in lines


@pytest.mark.parametrize(
    ("item", "sse", "text"),
    [
        (
            StreamItem("event", '{"a": 1}', 7),
            'id: 7\nevent: appearance\ndata: {"a": 1}\n\n',
            '{"type": "event", "number": 7, "data": {"a": 1}}',
        ),
        (StreamItem("end"), "event: end\ndata: {}\n\n", '{"type": "end", "data": {}}'),
        (StreamItem(""), ": \n\n", '{"type": "", "data": {}}'),
    ],
)
def test_an_item_is_written_for_an_event_source_and_a_socket(
    item: StreamItem, sse: str, text: str
) -> None:
    assert (item.as_sse(), item.as_text()) == (sse, text)


def test_a_session_that_is_over_gives_its_logged_events_and_the_end(tmp_path: Path) -> None:
    async def read(live: LiveServices) -> list[StreamItem]:
        live.log.append([NewEvent("s", "shop", f'{{"sequence": {number}}}') for number in (1, 2)])
        async with run_session_service(live) as service:
            request = StreamRequest("s", after=1, overlay=True)
            stream = stream_session(service, request, LOCAL, ShutdownSignal())
            return [item async for item in stream]

    with opened(tmp_path, FakeServices(Settings(storage=tmp_path / "data"))) as live:
        items = asyncio.run(read(live))
    assert [(item.kind, item.number) for item in items] == [("event", 2), ("end", None)]
    assert items[-1].data == '{"stopping": false}'
