import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.errors import Refused
from api.live.events import EventLog
from api.live.events.log import NewEvent

ROOT = Path(__file__).parents[4]


def some(count: int, session_id: str = "s", start: int = 1) -> list[NewEvent]:
    return [NewEvent(session_id, "shop", f'{{"sequence": {start + n}}}') for n in range(count)]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    log = EventLog(tmp_path / "state" / "events.db", most=1000)
    yield log
    log.close()


def test_events_are_numbered_and_read_from_any_point(log: EventLog) -> None:
    assert log.last == 0
    assert log.append(some(5)) == 5
    page = log.after(2)
    assert [entry.number for entry in page.entries] == [3, 4, 5]
    assert page.entries[0].body == '{"sequence": 3}'
    assert page.cursor == 5
    assert log.after(5).entries == ()


def test_a_restart_goes_on_where_it_was_and_uses_no_number_twice(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    first = EventLog(path)
    first.append(some(3))
    first.close()
    second = EventLog(path)
    assert len(second.after(0).entries) == 3
    assert second.append(some(1, start=4)) == 4
    second.close()


def test_the_last_ten_thousand_survive_and_older_ones_are_reported_as_missed(
    tmp_path: Path,
) -> None:
    log = EventLog(tmp_path / "events.db")
    for start in range(1, 12_001, 400):
        log.append(some(400, start=start))
    log.close()
    again = EventLog(tmp_path / "events.db")
    numbers: list[int] = []
    cursor = 2000
    while page := again.after(cursor):
        if not page.entries:
            break
        numbers += [entry.number for entry in page.entries]
        cursor = page.cursor
    assert numbers[-10_000:] == list(range(2001, 12_001))
    assert not again.after(2000).missed
    assert again.after(100).missed
    again.close()


def test_a_new_reader_that_asks_for_all_that_is_kept_has_missed_nothing(log: EventLog) -> None:
    log.append(some(1000))
    log.append(some(600))
    assert not log.after(0).missed


def test_one_session_is_read_alone_and_its_reader_does_not_begin_anew(log: EventLog) -> None:
    log.append(some(3, "a"))
    log.append(some(2, "b"))
    page = log.after(0, session_id="a")
    assert [entry.number for entry in page.entries] == [1, 2, 3]
    assert page.cursor == 5
    page = log.after(0, session_id="a", limit=2)
    assert page.cursor == 2


def test_a_cursor_of_another_log_goes_on_with_what_comes(log: EventLog) -> None:
    log.append(some(3))
    page = log.after(999)
    log.append(some(1))
    assert [entry.number for entry in log.after(page.cursor).entries] == [4]


def test_a_reader_waits_for_what_is_to_come(log: EventLog) -> None:
    timer = threading.Timer(0.1, lambda: log.append(some(1)))
    timer.start()
    assert [entry.number for entry in log.wait(0, 10.0).entries] == [1]
    timer.join()


def test_a_reader_that_waits_is_woken_when_the_log_is_closed(log: EventLog) -> None:
    log.append(some(2))
    assert len(log.wait(0, 10.0).entries) == 2
    assert log.wait(2, 0.05).entries == ()
    timer = threading.Timer(0.1, log.close)
    timer.start()
    assert log.wait(2, 10.0).entries == ()
    assert log.is_closed
    timer.join()


def test_a_slow_reader_costs_nothing_and_gets_everything(log: EventLog) -> None:
    log.append(some(250))
    log.append(some(250))
    numbers: list[int] = []
    cursor = 0
    for _ in range(5):
        page = log.wait(cursor, 0.01, limit=100)
        numbers += [entry.number for entry in page.entries]
        cursor = page.cursor
    assert numbers == list(range(1, 501))


def test_a_named_reader_is_remembered_until_it_is_forgotten(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.db")
    log.append(some(3))
    assert log.cursor_of("hook") == 3
    log.keep_cursor("hook", 1)
    log.close()
    again = EventLog(tmp_path / "events.db")
    assert again.cursor_of("hook") == 1
    again.keep_cursor("hook", None)
    assert again.cursor_of("hook") == 3
    again.close()


@pytest.mark.parametrize(("cursor", "limit"), [(-1, 10), (0, 0), (0, 1001)])
def test_a_page_that_cannot_be_is_refused(log: EventLog, cursor: int, limit: int) -> None:
    with pytest.raises(ValueError, match="not"):
        log.after(cursor, limit=limit)


def test_a_file_that_is_no_log_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    path.write_bytes(b"precious " * 200)
    with pytest.raises(Refused, match="move it away"):
        EventLog(path)
    assert path.read_bytes().startswith(b"precious")


def test_a_closed_log_takes_nothing_and_says_so(log: EventLog) -> None:
    log.close()
    log.close()
    assert log.after(0).entries == ()
    with pytest.raises(Refused, match="stopped"):
        log.append(some(1))


KILLED = """
import sys
from pathlib import Path
from api.live.events.log import EventLog, NewEvent
log = EventLog(Path(sys.argv[1]))
while True:
    print(log.append([NewEvent("s", "shop", "{}")] * 3), flush=True)
"""


def test_what_was_answered_is_there_after_a_kill(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path / "events.db")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as writer:
        assert writer.stdout is not None
        answered = [int(writer.stdout.readline()) for _ in range(30)]
        writer.send_signal(signal.SIGKILL)
    log = EventLog(tmp_path / "events.db")
    assert log.last >= answered[-1]
    assert log.last % 3 == 0
    log.close()
