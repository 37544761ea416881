import json
from collections.abc import Sequence
from pathlib import Path
from threading import Event as Flag

import pytest
from typing_extensions import override

from api.errors import Refused
from api.live.events import EventLog, EventLogWriter, Evidence
from api.live.events.log import NewEvent
from matcher.live import SessionManager
from tests.matcher.live.sources import HandSource, WorldFilm
from tests.matcher.world import World, WorldCatalog, WorldFinder, WorldThing, still

TEA = World((WorldThing("tea", still(100, 100)),))


def watch(writer: EventLogWriter) -> str:
    manager: SessionManager[WorldCatalog] = SessionManager(WorldFinder(TEA))
    manager.listen(writer)
    source = HandSource()
    session_id = manager.start(source, WorldCatalog)
    WorldFilm(TEA, source, lambda: manager.get(session_id).counters.processed).play(1.2)
    manager.close()
    writer.close()
    return session_id


def test_what_a_session_says_is_logged_with_evidence(tmp_path: Path) -> None:
    log, evidence = EventLog(tmp_path / "events.db"), Evidence(tmp_path / "evidence")
    session_id = watch(EventLogWriter(log, evidence))
    entries = log.after(0, session_id=session_id).entries
    events = [json.loads(entry.body) for entry in entries]
    assert [event["event"] for event in events] == ["entered", "confirmed", "left"]
    assert [entry.catalog for entry in entries] == ["shop"] * 3
    picture = evidence.get(events[1]["appearance_id"])
    assert picture is not None
    assert picture.startswith(b"\xff\xd8")
    log.close()


class DeafLog(EventLog):
    @override
    def append(self, events: object) -> int:
        raise Refused("the disk is full")


def test_a_disk_that_refuses_loses_events_and_counts_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = DeafLog(tmp_path / "events.db")
    writer = EventLogWriter(log)
    watch(writer)
    assert writer.lost == 3
    assert "the disk is full" in caplog.text
    log.close()


class HangingLog(EventLog):
    let_go: Flag

    @override
    def append(self, events: Sequence[NewEvent]) -> int:
        self.let_go.wait(10)
        return super().append(events)


def test_a_disk_that_hangs_holds_no_frame_up(tmp_path: Path) -> None:
    log = HangingLog(tmp_path / "events.db")
    log.let_go = Flag()
    writer = EventLogWriter(log)
    manager: SessionManager[WorldCatalog] = SessionManager(WorldFinder(TEA))
    manager.listen(writer)
    source = HandSource()
    session_id = manager.start(source, WorldCatalog)
    WorldFilm(TEA, source, lambda: manager.get(session_id).counters.processed).play(1.2)
    log.let_go.set()
    manager.close()
    writer.close()
    assert len(log.after(0).entries) == 3
    log.close()
