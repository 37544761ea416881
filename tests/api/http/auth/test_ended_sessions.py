"""Log-out ends a session, whoever else has its cookie."""

import multiprocessing
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.errors import Refused
from api.http.auth import ended_sessions
from api.http.auth.cookies import Session
from api.http.auth.ended_sessions import EndedSessions
from api.http.problems import Problem


def session(number: int, key_id: str = "key", until: int = 1000) -> Session:
    return Session(f"session {number}", key_id, until)


def add_in_another_process(path: Path) -> None:
    EndedSessions(path, lambda: 0.0).add(session(7))


def test_world_a_session_that_another_process_ended_is_over_at_once(tmp_path: Path) -> None:
    path = tmp_path / "state" / "sessions.db"
    ended = EndedSessions(path, lambda: 0.0)
    assert not ended.has(session(7))
    worker = multiprocessing.get_context("spawn").Process(
        target=add_in_another_process, args=(path,)
    )
    worker.start()
    worker.join(60)
    assert ended.has(session(7))
    assert not ended.has(session(8))
    assert EndedSessions(path, lambda: 0.0).has(session(7))


def test_world_what_has_expired_is_forgotten(tmp_path: Path) -> None:
    now = [0.0]
    ended = EndedSessions(tmp_path / "sessions.db", lambda: now[0])
    ended.add(session(1, until=10))
    now[0] = 11.0
    ended.add(session(2, until=30))
    assert rows(tmp_path / "sessions.db") == 1


def test_world_a_key_that_logs_out_too_often_ends_all_its_sessions_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ended_sessions, "MOST_OF_A_KEY", 3)
    ended = EndedSessions(tmp_path / "sessions.db", lambda: 0.0)
    for number in range(4):
        ended.add(session(number))
    assert ended.has(session(0))
    assert ended.has(session(99))
    assert not ended.has(session(99, until=1001))  # begun later
    assert not ended.has(session(99, key_id="another"))
    assert rows(tmp_path / "sessions.db") == 0


def test_world_a_damaged_file_stops_the_start_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "sessions.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(Refused, match=r"sessions\.db is damaged"):
        EndedSessions(tmp_path / "sessions.db")


def test_world_while_sessions_cannot_be_looked_up_nobody_comes_in(tmp_path: Path) -> None:
    ended = EndedSessions(tmp_path / "sessions.db")
    with sqlite3.connect(tmp_path / "sessions.db") as database:
        database.execute("DROP TABLE ended")
    with pytest.raises(Problem) as refused:
        ended.has(session(1))
    assert refused.value.status == 503


def rows(path: Path) -> int:
    def counted() -> Iterator[int]:
        with sqlite3.connect(path) as database:
            yield from (row[0] for row in database.execute("SELECT COUNT(*) FROM ended"))

    return next(counted())
